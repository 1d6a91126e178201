// A program that floods a page over a slow line: the page keeps up with today, and Ctrl-C works at once.
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

test("`yes` over a slow line: the newest lines are shown and Ctrl-C works at once", async ({ open, server, network }) => {
  const session = await server.create();
  const page = await open(`/t/${session.session_id}`, network);
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.prompts();
  network.slow(256 * 1024);
  await terminal.noteOffsets();
  await terminal.run("n=0; while :; do n=$((n + 1)); echo line-$n-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
  await expect(page.getByText("Output was skipped to keep up")).toBeVisible();
  const pressed = Date.now();
  await terminal.press("Control+c");
  await terminal.prompts();
  expect(Date.now() - pressed, "ms from Ctrl-C to the prompt").toBeLessThan(30_000);
  // What is shown is the end of the session's output, not a backlog.
  const output = (await server.output(session.session_id)).toString("latin1");
  const last = [...output.slice(-4_000).matchAll(/line-(\d+)-x+\r\n/g)].at(-1)?.[1];
  await terminal.shows(new RegExp(`^line-${last}-x+$`, "m"));
  const offsets = await terminal.offsetsSeen();
  expect([...offsets].sort((a, b) => a - b), "offsets never go back").toEqual(offsets);

  // What was skipped is in the history.
  await page.getByRole("button", { name: "Open the history" }).click();
  const history = page.getByRole("dialog", { name: "History" });
  await expect(history).toBeVisible();
  await history.getByRole("searchbox").fill("line-77-x");
  await page.keyboard.press("Enter");
  await expect(history.locator("mark[data-current]")).toHaveText("line-77-x");
  await page.keyboard.press("Escape");
  await terminal.hasFocus();
  await expect(page.getByText("Output was skipped to keep up")).toBeHidden();
});
