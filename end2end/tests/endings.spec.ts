// How sessions end, what is told of it, and how to go on.
import { answer, bar, modal, openModal, row } from "../support/pages";
import { processesOf, until } from "../support/processes";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

test("the exit code is shown, and Restart leads to a new session in the same place", async ({ shell, server }) => {
  const { session, terminal } = await shell({ cwd: "/usr", labels: { story: "S-3" } });
  const page = terminal.page;
  await terminal.run("echo last words; exit 3");
  await terminal.becomes("ended");
  await expect(bar(page).state).toHaveText("Ended: exited with code 3");
  await terminal.shows("last words");
  expect((await server.session(session.session_id)).exit).toEqual({ code: 3 });

  await bar(page).button("Restart").click();
  await expect(page).toHaveURL(/\/t\/[0-9a-f]{32}$/);
  await expect(page).not.toHaveURL(new RegExp(session.session_id));
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.run("clear; pwd; echo $SEMPRE_LABEL_STORY");
  await terminal.shows(/^\/usr\nS-3$/m);
  const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  expect((await server.session(id)).restarted_from).toBe(session.session_id);
});

test("a signal is shown by name, in the dialog too, and Restart stays there", async ({ open, server }) => {
  const session = await server.create();
  const page = await open();
  const terminal = await openModal(page, session);
  await terminal.run("kill -9 $$");
  await terminal.becomes("ended");
  await expect(bar(page).state).toHaveText("Ended: killed by SIGKILL (9)");
  await bar(page).button("Restart").click();
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.run("echo again-$((5 + 5))");
  await terminal.shows("again-10");
  await terminal.press("Control+Shift+X");
  await expect(modal(page)).toBeHidden();
  await expect(row(page, session)).toContainText("Killed by SIGKILL (9)");
  await expect(page.getByTestId("session")).toHaveCount(2);
  expect((await server.session(session.session_id)).exit).toEqual({ signal: 9 });
});

test("an ended session shows its last output when it is opened", async ({ open, server }) => {
  const cmd = ["bash", "-c", "for i in {1..200}; do echo row-$i; done; echo bye; exit 7"];
  const session = await server.create({ cmd });
  await server.ended(session.session_id);
  const page = await open();
  await expect(row(page, session)).toContainText("Exited with code 7");
  await row(page, session).getByRole("button", { name: "Open bash" }).click();
  const terminal = new Terminal(page);
  await terminal.becomes("ended");
  await terminal.shows(/^row-200\nbye$/m);
  expect((await terminal.lines()).filter((line) => /^row-\d+$/.test(line))).toHaveLength(200);
  await expect(bar(page).state).toHaveText("Ended: exited with code 7");
  await bar(page).button("Close").click();
  await expect(modal(page)).toBeHidden();
});

test("End asks, ends everything the shell runs, and Remove takes the rest away", async ({ open, server }) => {
  const session = await server.create();
  const page = await open();
  const terminal = await openModal(page, session);
  await terminal.prompts();
  await terminal.run("sleep 601 & sleep 602");
  await terminal.shows("602");
  await terminal.press("Control+Shift+X");
  const shells = () => processesOf(server.dir).length;
  const running = shells();
  await row(page, session).getByRole("button", { name: "End bash" }).click();
  await page.getByRole("dialog", { name: "End this bash session?" }).getByRole("button", { name: "Cancel" }).click();
  expect((await server.session(session.session_id)).state).toBe("active");
  await row(page, session).getByRole("button", { name: "End bash" }).click();
  await answer(page, /^End this bash/, "End session");
  await expect(row(page, session).locator("[data-state=completed]")).toBeVisible();
  // Only the server itself is left.
  await until("the session's processes have ended", () => shells() === 1);
  expect(running).toBeGreaterThan(1);

  await row(page, session).getByRole("button", { name: "Remove bash" }).click();
  await answer(page, /^Remove this bash/, "Remove");
  await expect(row(page, session)).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Start the first session" })).toBeVisible();
  expect(await server.sessions()).toEqual([]);
});

test("a session removed elsewhere is gone for a page that comes back to it", async ({ open, server, network, watch }) => {
  watch.allowLostConnections();
  watch.allow(/status of 404/, /Unexpected response code: 404/);
  const session = await server.create();
  const page = await open(`/t/${session.session_id}`, network);
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  network.cut();
  await terminal.becomes("reconnecting");
  for (let times = 0; times < 2; times += 1) {
    await server.request("DELETE", `/api/v1/sessions/${session.session_id}`);
    if (times === 0) await server.ended(session.session_id);
  }
  network.mend();
  await terminal.becomes("gone");
  await expect(bar(page).state).toHaveText("This session no longer exists");
  await page.getByRole("link", { name: "All sessions" }).last().click();
  await expect(page).toHaveURL(network.url("/"));
});
