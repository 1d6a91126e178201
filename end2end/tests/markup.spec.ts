// Texts that programs and people bring are text: titles, names, directories and links run nothing.
import { mkdir, writeFile } from "node:fs/promises";

import { openModal, row } from "../support/pages";
import { expect, test } from "../support/test";

const PROBE = `<img src=x onerror="window.__xss=1"><script>window.__xss=2</script>`;
/** As a file's name: without a slash. */
const NAME = `<img src=x onerror=window.__xss=3>`;

test("labels and directories with markup in them are shown as they are", async ({ open, server, page }) => {
  const cwd = server.file(NAME);
  await mkdir(cwd);
  const session = await server.create({ cwd, labels: { story: PROBE, branch: "javascript:window.__xss=4", other: PROBE } });
  const ended = await server.create({ cmd: ["sh", "-c", "exit 0", PROBE], labels: { story: PROBE } });
  await server.ended(ended.session_id);
  await open();
  await expect(row(page, session).locator("[data-label=story]")).toContainText(PROBE);
  await expect(row(page, session).locator(".cell-cwd")).toContainText(NAME);
  await expect(row(page, ended).locator(".session-command")).toContainText("<script>");
  await openModal(page, session);
  await expect(page.getByRole("dialog").locator("[data-label=other]")).toContainText(PROBE);
  for (const route of [`/s/${session.session_id}`, `/t/${session.session_id}`, `/s/${ended.session_id}`]) {
    await page.goto(server.url(route));
    await expect(page.locator("[data-label=story]")).toContainText(PROBE);
    // Alive, not only rendered by the server.
    await expect(page.locator("[data-state]").first()).toBeVisible();
    expect(await page.title()).not.toBe("");
    expect(await page.locator("img").count()).toBe(0);
  }
  expect(await page.evaluate(() => "__xss" in globalThis)).toBe(false);
});

test("window titles, notifications, file names and links in the output run nothing", async ({ shell, server, context }) => {
  await writeFile(server.file(NAME), "");
  const { terminal } = await shell();
  const { page } = terminal;
  const escapes = [
    `\\033]0;${PROBE}\\007`,
    `\\033]2;</title>${PROBE}\\033\\\\`,
    `\\033]9;${PROBE}\\007`,
    `\\033]7;file://x/${PROBE}\\007`,
    `\\033]777;notify;${PROBE};${PROBE}\\007`,
    `\\033]8;;javascript:window.__xss=5\\033\\\\LINK-ONE\\033]8;;\\033\\\\\\n`,
    `\\033]8;;data:text/html,<script>opener.__xss=6</script>\\033\\\\LINK-TWO\\033]8;;\\033\\\\\\n`,
    `${PROBE}\\n`,
  ];
  await writeFile(server.file("escapes.sh"), `printf '${escapes.join("").replaceAll("'", "")}'\nls -1\n`);
  await terminal.run("clear; sh escapes.sh; echo all-$((1 + 1))");
  await terminal.shows("all-2");
  await terminal.shows(NAME);
  await terminal.shows(PROBE);
  // The links are where they are drawn.
  const lines = await terminal.lines();
  const box = await terminal.host.locator(".xterm-screen").boundingBox();
  if (!box) throw new Error("the terminal is not drawn");
  const { rows, cols } = await terminal.size();
  const first = lines.findIndex((line) => line === "LINK-ONE");
  expect(first).toBeGreaterThanOrEqual(0);
  for (const at of [first, first + 1]) {
    const [x, y] = [box.x + (3.5 * box.width) / cols, box.y + ((at + 0.5) * box.height) / rows];
    await page.mouse.move(x - 1, y);
    await page.mouse.move(x, y);
    await page.mouse.click(x, y);
  }
  await terminal.focus();
  await terminal.run("echo still-$((2 + 2))");
  await terminal.shows("still-4");
  expect(context.pages()).toHaveLength(1);
  expect(await page.evaluate(() => "__xss" in globalThis)).toBe(false);
  expect(await page.locator("img").count()).toBe(0);
});

test("a link in the output opens in a tab that knows nothing of this one", async ({ shell, server, context }) => {
  const { terminal } = await shell();
  const { page } = terminal;
  await terminal.run(`clear; echo; echo ${server.url("/health")}; echo done-$?`);
  await terminal.shows("done-0");
  const line = (await terminal.lines()).findIndex((line) => line === server.url("/health"));
  const box = await terminal.host.locator(".xterm-screen").boundingBox();
  if (!box) throw new Error("the terminal is not drawn");
  const { rows, cols } = await terminal.size();
  const [x, y] = [box.x + (9.5 * box.width) / cols, box.y + ((line + 0.5) * box.height) / rows];
  await page.mouse.move(x - 20, y);
  await page.mouse.move(x, y);
  await expect(terminal.host.locator(".xterm-screen")).toHaveClass(/xterm-cursor-pointer/);
  const [opened] = await Promise.all([context.waitForEvent("page"), page.mouse.click(x, y)]);
  await expect(opened).toHaveURL(server.url("/health"));
  expect(await opened.evaluate(() => globalThis.opener === null)).toBe(true);
});
