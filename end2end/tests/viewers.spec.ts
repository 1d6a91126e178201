// More than one tab on one session: all see the same, all may type, none takes anything from another.
import type { Page } from "@playwright/test";

import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

/** The terminal of a page that was opened by hand. */
async function live(page: Page): Promise<Terminal> {
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  return terminal;
}

test("two tabs see the same, and both may type", async ({ shell, context }) => {
  const { terminal: one } = await shell();
  const other = await context.newPage();
  await other.goto(one.page.url());
  const two = await live(other);
  await expect(one.page.getByText("2 viewers")).toBeVisible();
  await one.page.bringToFront();
  await one.run("echo from-one-$((1 + 0))");
  await two.shows("from-one-1");
  await other.bringToFront();
  await two.focus();
  await two.run("echo from-two-$((1 + 1))");
  await one.shows("from-two-2");
  await expect.poll(async () => (await one.text()) === (await two.text())).toBe(true);
  await other.close();
  await expect(one.page.getByText("2 viewers")).toBeHidden();
});

test("the tab that types sets the size; the other shows it whole", async ({ shell, context }) => {
  const { terminal: large } = await shell();
  const own = await large.size();
  const other = await context.newPage();
  await other.setViewportSize({ width: 700, height: 500 });
  await other.goto(large.page.url());
  const small = await live(other);
  expect(await small.size(), "who joins shrinks nobody").toEqual(own);
  await small.focus();
  await small.run("stty size");
  await expect.poll(async () => (await large.size()).cols).toBeLessThan(own.cols);
  const { cols, rows } = await small.size();
  expect(await large.size()).toEqual({ cols, rows });
  await large.shows(new RegExp(`^${rows} ${cols}$`, "m"));
  await expect(large.page.getByTestId("size")).toContainText("follows the other viewer");
  await large.page.bringToFront();
  await large.focus();
  await large.run("stty size");
  await large.shows(new RegExp(`^${own.rows} ${own.cols}$`, "m"));
});

test("a duplicated tab goes on with a writer id of its own", async ({ shell, context }) => {
  const { terminal: one } = await shell();
  await one.run("echo first-$((2 + 1))");
  await one.shows("first-3");
  const id = await one.writer();
  // What a browser does when a tab is duplicated: the copy starts with the tab's session storage.
  const storage = await one.page.evaluate(() => Object.entries(sessionStorage));
  expect(storage.some(([, value]) => value === id)).toBe(true);
  const copy = await context.newPage();
  await copy.addInitScript((entries) => {
    for (const [key, value] of entries) if (sessionStorage.getItem(key) === null) sessionStorage.setItem(key, value);
  }, storage);
  await copy.goto(one.page.url());
  const two = await live(copy);
  await expect.poll(async () => (await one.writer()) !== (await two.writer())).toBe(true);
  for (const terminal of [one, two]) await terminal.becomes("live");

  await two.focus();
  await two.run("echo copy-$((3 + 1))");
  await one.page.bringToFront();
  await one.focus();
  await one.run("echo original-$((4 + 1))");
  for (const terminal of [one, two]) {
    await terminal.shows(/copy-4[^]*original-5/);
    expect((await terminal.text()).match(/^(copy-4|original-5)$/gm)).toEqual(["copy-4", "original-5"]);
  }
  await expect(one.page.getByTestId("parked")).toBeHidden();
  await expect(copy.getByTestId("parked")).toBeHidden();
});
