// Who is here, who only looks, and who was asked to leave.
import type { Page } from "@playwright/test";

import { bar } from "../support/pages";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

async function another(page: Page, route: string): Promise<Terminal> {
  const other = await page.context().newPage();
  await other.goto(route);
  const terminal = new Terminal(other);
  await terminal.becomes("live");
  return terminal;
}

test("who only looks sees everything, is marked, and types nothing", async ({ shell, server }) => {
  const { session, terminal } = await shell();
  const looking = await another(terminal.page, server.url(`/t/${session.session_id}?role=viewer`));
  await expect(looking.page.getByText("Read only")).toBeVisible();
  const before = await terminal.size();
  await looking.page.setViewportSize({ width: 600, height: 400 });
  await looking.focus();
  await looking.run("echo must-not-run");
  await terminal.page.bringToFront();
  await terminal.run("echo who-types-$((1 + 1))");
  await looking.shows("who-types-2");
  expect(await terminal.text()).not.toContain("must-not-run");
  expect(await terminal.size(), "who only looks has no say in the size").toEqual(before);

  await terminal.page.getByRole("button", { name: "2 viewers" }).click();
  const list = terminal.page.getByRole("dialog", { name: "Viewers" });
  await expect(list.getByRole("listitem")).toHaveCount(2);
  await expect(list).toContainText("(this tab)");
  await expect(list).toContainText("only looks");
  // Who types is seen while they do.
  await terminal.focus();
  await terminal.run("true");
  await looking.page.getByRole("button", { name: "2 viewers" }).click();
  const seen = looking.page.getByRole("dialog", { name: "Viewers" });
  const typing = seen.getByRole("listitem").filter({ hasText: "typing now" });
  await expect(async () => {
    await terminal.run("true");
    await expect(typing).toHaveCount(1, { timeout: 1_000 });
  }).toPass();
  await expect(typing).not.toContainText("(this tab)");
  await expect(typing, "and not for ever").toHaveCount(0);
  // Who only looks disconnects nobody.
  await expect(seen.getByRole("button", { name: /^Disconnect/ })).toHaveCount(0);
});

test("who was disconnected stays so until its person attaches again", async ({ shell, server }) => {
  const { session, terminal } = await shell();
  const other = await another(terminal.page, server.url(`/t/${session.session_id}`));
  await terminal.page.bringToFront();
  await terminal.page.getByRole("button", { name: "2 viewers" }).click();
  const list = terminal.page.getByRole("dialog", { name: "Viewers" });
  await list.getByRole("button", { name: /^Disconnect/ }).click();
  await other.becomes("disconnected");
  await expect(terminal.page.getByRole("button", { name: "2 viewers" })).toBeHidden();
  await expect(bar(other.page).state).toHaveText("You were disconnected from this session");

  // Neither coming back nor loading the page again brings it back.
  await other.page.bringToFront();
  await other.page.evaluate(() => dispatchEvent(new Event("online")));
  await other.becomes("disconnected");
  await other.page.reload();
  await other.becomes("disconnected");
  expect((await server.session(session.session_id)).viewers).toBe(1);

  await bar(other.page).button("Attach again").click();
  await other.becomes("live");
  await other.hasFocus();
  await other.run("echo back-$((1 + 1))");
  await other.shows("back-2");
});

test("title, progress, bell and notes are shown as text", async ({ shell }) => {
  const { terminal } = await shell();
  const { page } = terminal;
  await terminal.run("printf '\\e]2;<b>my title</b>\\a\\e]9;4;1;42\\a\\a\\e]9;<i>it is done</i>\\a'");
  await expect(page).toHaveTitle(/^<b>my title<\/b>/);
  await expect(page.locator(".program-title")).toHaveText("<b>my title</b>");
  await expect(page.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "42");
  await expect(page.locator(".terminal-frame[data-bell]")).toBeVisible();
  const note = page.getByText("<i>it is done</i>");
  await expect(note).toBeVisible();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await expect(note).toBeHidden();
  await terminal.focus();
  await terminal.run("printf '\\e]9;4;0\\a'");
  await expect(page.getByRole("progressbar")).toBeHidden();
});
