// Answers that come late, when the page that asked has changed or was left: nothing breaks.
import type { Page } from "@playwright/test";

import { answer, bar, modal, row } from "../support/pages";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

/** Does what is asked for at once, but holds the answers to `method` at `path` back until the function is called. */
async function holdAnswers(page: Page, method: string, path: RegExp): Promise<() => Promise<void>> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const held: Promise<void>[] = [];
  await page.route(path, async (route) => {
    if (route.request().method() !== method) return route.fallback();
    const response = await route.fetch();
    const answered = released.then(() => route.fulfill({ response }));
    held.push(answered);
    return answered;
  });
  return async () => {
    release();
    await Promise.all(held);
  };
}

/** The list's buttons work. */
async function isAlive(page: Page): Promise<void> {
  await page.getByRole("button", { name: "New session" }).click();
  const dialog = page.getByRole("dialog", { name: "New session" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toBeHidden();
}

test("the end of a session is heard of before the answer to End", async ({ open, server }) => {
  const session = await server.create();
  const page = await open(`/s/${session.session_id}`);
  const release = await holdAnswers(page, "DELETE", /\/api\/v1\/sessions\//);
  await page.getByRole("button", { name: "End session" }).click();
  await answer(page, /^End this bash/, "End session");
  await expect(page.getByRole("button", { name: "Restart" })).toBeVisible();
  await release();
  await page.getByRole("button", { name: "Restart" }).click();
  await new Terminal(page).becomes("live");
});

test("the page is left before the answer to End", async ({ open, server }) => {
  const session = await server.create();
  const page = await open(`/s/${session.session_id}`);
  const release = await holdAnswers(page, "DELETE", /\/api\/v1\/sessions\//);
  await page.getByRole("button", { name: "End session" }).click();
  await answer(page, /^End this bash/, "End session");
  await page.getByRole("link", { name: "Sessions" }).click();
  await expect(row(page, session).locator("[data-state=completed]")).toBeVisible();
  await release();
  await isAlive(page);
});

test("a question is answered after what it asks about has ended by itself", async ({ open, server }) => {
  const session = await server.create({ cmd: ["bash", "-c", "read -r"] });
  const page = await open(`/s/${session.session_id}`);
  await page.getByRole("button", { name: "End session" }).click();
  await expect(page.getByRole("dialog", { name: /^End this bash/ })).toBeVisible();
  await server.request("DELETE", `/api/v1/sessions/${session.session_id}`);
  await expect(page.getByText("ended on request")).toBeVisible();
  await answer(page, /^End this bash/, "End session");
  await page.getByRole("link", { name: "Sessions" }).click();
  await isAlive(page);
});

test("a question is answered after what it asks about was removed elsewhere", async ({ open, server, watch }) => {
  watch.allow(/status of 404/);
  const session = await server.create({ cmd: ["true"] });
  await server.ended(session.session_id);
  const page = await open();
  await row(page, session).getByRole("button", { name: "Remove true" }).click();
  await expect(page.getByRole("dialog", { name: /^Remove this true/ })).toBeVisible();
  await server.request("DELETE", `/api/v1/sessions/${session.session_id}`);
  await expect(row(page, session)).toHaveCount(0);
  await answer(page, /^Remove this true/, "Remove");
  await isAlive(page);
});

test("the dialog is closed before the new session is there", async ({ open, server }) => {
  const page = await open();
  const release = await holdAnswers(page, "POST", /\/api\/v1\/sessions$/);
  await page.getByRole("button", { name: "New session" }).click();
  const dialog = page.getByRole("dialog", { name: "New session" });
  await dialog.getByLabel("Story").fill("S-5");
  await dialog.getByRole("button", { name: "Start session" }).click();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByTestId("session")).toContainText("S-5");
  await release();
  const { length } = await server.sessions();
  expect(length).toBe(1);
  await page.reload();
  await isAlive(page);
});

test("the offer is left before the new session is there", async ({ open, server }) => {
  const page = await open("/t/new?story=S-6");
  const release = await holdAnswers(page, "POST", /\/api\/v1\/sessions$/);
  await page.getByRole("button", { name: "Start session" }).click();
  await page.getByRole("link", { name: "All sessions" }).click();
  await expect(page.getByTestId("session")).toContainText("S-6");
  await release();
  // Where the page goes then is its own affair; it is alive.
  await page.goto(server.url());
  await isAlive(page);
});

test("the terminal is left before the answer to Restart", async ({ shell, server }) => {
  const { terminal } = await shell();
  const { page } = terminal;
  await terminal.run("exit");
  await terminal.becomes("ended");
  const release = await holdAnswers(page, "POST", /\/restart$/);
  await bar(page).button("Restart").click();
  await page.getByRole("link", { name: "All sessions" }).click();
  await expect(page.getByTestId("session")).toHaveCount(2);
  await release();
  await page.goto(server.url());
  await isAlive(page);
});

test("the dialog is closed while the terminal's code is loaded", async ({ open, server }) => {
  const session = await server.create();
  const page = await open();
  const release = await holdAnswers(page, "GET", /\/assets\/terminal\./);
  const opener = row(page, session).getByRole("button", { name: "Open bash" });
  await opener.click();
  await expect(modal(page)).toBeVisible();
  await modal(page).getByRole("button", { name: "Close" }).click();
  await expect(modal(page)).toBeHidden();
  await release();
  await opener.click();
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.run("echo late-$((3 * 3))");
  await terminal.shows("late-9");
});

test("the health page is left while it looks again", async ({ open }) => {
  const page = await open("/health");
  const release = await holdAnswers(page, "GET", /\/api\/v1\/health$/);
  await page.getByRole("button", { name: "Check again" }).click();
  await page.getByRole("link", { name: "Sessions" }).click();
  await expect(page.getByRole("button", { name: "Start the first session" })).toBeVisible();
  await release();
  await isAlive(page);
});
