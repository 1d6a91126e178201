// A shell in the page: opened, used, closed and opened again, in the dialog and on its own page.
import { mkdir } from "node:fs/promises";

import { modal, openModal, row } from "../support/pages";
import type { Session } from "../support/server";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

const LABELS = { story: "S-17", branch: "feature/login" };

test("what is typed reaches the shell, and its output the page", async ({ shell }) => {
  const { terminal } = await shell();
  await terminal.run("echo sum-$((40 + 2))");
  await terminal.shows("sum-42");
});

test("the new-session dialog gives directory, size and labels to the shell", async ({ open, server }) => {
  const directory = server.file("a folder");
  await mkdir(directory);
  const page = await open();
  await page.getByRole("button", { name: "New session" }).click();
  const dialog = page.getByRole("dialog", { name: "New session" });
  await dialog.getByLabel("Shell").selectOption("bash");
  await dialog.getByLabel("Directory").fill("~/a folder");
  await dialog.getByLabel("Size").fill("101x31");
  await dialog.getByLabel("Story").fill(LABELS.story);
  await dialog.getByLabel("Branch").fill(LABELS.branch);
  await dialog.getByLabel("More labels").fill("team=core\nticket=a=b");
  const [answer] = await Promise.all([
    page.waitForResponse((answer) => answer.url().endsWith("/api/v1/sessions") && answer.status() === 201),
    dialog.getByRole("button", { name: "Start session" }).click(),
  ]);
  expect((await answer.json()) as Session).toMatchObject({
    cols: 101,
    rows: 31,
    cwd: directory,
    labels: { ...LABELS, team: "core", ticket: "a=b" },
  });
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.run("clear; pwd; echo $SEMPRE_LABEL_STORY $SEMPRE_LABEL_BRANCH $SEMPRE_LABEL_TEAM");
  await terminal.shows(directory);
  await terminal.shows("S-17 feature/login core");
});

test("a session that cannot start says why, and the dialog stays", async ({ open, server, watch }) => {
  watch.allow(/status of 422/);
  const page = await open();
  await page.getByRole("button", { name: "New session" }).click();
  const dialog = page.getByRole("dialog", { name: "New session" });
  await dialog.getByLabel("Directory").fill("/no/such/directory");
  await dialog.getByRole("button", { name: "Start session" }).click();
  await expect(dialog.getByRole("alert")).toContainText("/no/such/directory");
  await dialog.getByLabel("Directory").fill("");
  await dialog.getByLabel("Size").fill("large");
  await dialog.getByRole("button", { name: "Start session" }).click();
  await expect(dialog.getByRole("alert")).toContainText("COLSxROWS");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("button", { name: "New session" })).toBeFocused();
  expect(await server.sessions()).toEqual([]);
});

test("story and branch stand in the list, the dialog and the standalone page", async ({ open, server }) => {
  const session = await server.create({ labels: LABELS });
  const page = await open();
  const shown = (place: ReturnType<typeof row>) => place.getByRole("list", { name: "Labels" });
  for (const label of Object.values(LABELS)) await expect(shown(row(page, session))).toContainText(label);
  await openModal(page, session);
  for (const label of Object.values(LABELS)) await expect(shown(modal(page))).toContainText(label);
  await open(`/t/${session.session_id}`);
  for (const label of Object.values(LABELS)) await expect(shown(page.locator("header"))).toContainText(label);
  await expect(page).toHaveTitle(/S-17/);
});

test("Esc goes to the terminal, a shortcut closes the dialog, and the focus goes back", async ({ open, server }) => {
  const session = await server.create();
  const page = await open();
  const terminal = await openModal(page, session);
  await terminal.prompts();
  await terminal.start("cat -v");
  for (let times = 0; times < 3; times += 1) await terminal.press("Escape");
  await terminal.press("Enter");
  await terminal.shows(/^\^\[\^\[\^\[$/m);
  await terminal.hasFocus();
  await terminal.press("Control+d");
  await terminal.prompts();
  await terminal.press("Control+Shift+X");
  await expect(modal(page)).toBeHidden();
  await expect(row(page, session).getByRole("button", { name: "Open bash" })).toBeFocused();
  expect((await server.session(session.session_id)).state).toBe("active");
});

test("closed and opened again, the screen is the same", async ({ open, server }) => {
  const session = await server.create();
  const page = await open();
  const terminal = await openModal(page, session);
  await terminal.prompts();
  await terminal.run("for i in $(seq 1 60); do printf '\\033[3%dmline-%d\\033[0m\\n' $((i % 8)) $i; done");
  await terminal.shows("line-60");
  await terminal.prompts();
  const before = await terminal.lines();
  await modal(page).getByRole("button", { name: "Close" }).click();
  await expect(modal(page)).toBeHidden();
  await openModal(page, session);
  await expect.poll(() => terminal.lines()).toEqual(before);
  await terminal.run("echo again-$((1 + 1))");
  await terminal.shows("again-2");
});

test("the dialog can be maximised and restored", async ({ open, server }) => {
  const session = await server.create();
  const page = await open();
  const terminal = await openModal(page, session);
  const cols = () => terminal.size().then((size) => size.cols);
  const normal = await cols();
  await terminal.press("Control+Shift+Enter");
  await expect.poll(cols).toBeGreaterThan(normal);
  const box = await modal(page).boundingBox();
  const window = page.viewportSize();
  expect(box).toEqual({ x: 0, y: 0, ...window });
  await terminal.run("stty size");
  await terminal.shows(new RegExp(` ${await cols()}$`, "m"));
  await modal(page).getByRole("button", { name: "Restore" }).click();
  await expect.poll(cols).toBe(normal);
});

test("popped out and reloaded, the standalone page goes on with the same screen", async ({ open, server, context }) => {
  const session = await server.create();
  const page = await open();
  const terminal = await openModal(page, session);
  await terminal.prompts();
  await terminal.run("echo kept-$((6 * 7))");
  await terminal.shows("kept-42");
  const [popped] = await Promise.all([context.waitForEvent("page"), terminal.press("Control+Shift+L")]);
  await expect(popped).toHaveURL(server.url(`/t/${session.session_id}`));
  await expect(modal(page)).toBeHidden();
  const standalone = new Terminal(popped);
  await standalone.becomes("live");
  await standalone.hasFocus();
  await standalone.shows("kept-42");
  await standalone.run("echo more-$((50 + 5))");
  await standalone.shows("more-55");
  await popped.reload();
  await standalone.becomes("live");
  await standalone.hasFocus();
  await standalone.shows(/kept-42[^]*more-55/);
  await standalone.run("echo last-$((9 * 9))");
  await standalone.shows("last-81");
  expect((await server.sessions()).map((session) => session.session_id)).toEqual([session.session_id]);
});
