// Everything without a mouse: nothing here clicks.
import type { Page } from "@playwright/test";

import { bar, modal, row } from "../support/pages";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

/** Presses Tab until the element with this name has the focus; each stop must be visible as such. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const wanted = (found: string) => (typeof name === "string" ? found === name : name.test(found));
  const seen: string[] = [];
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    const focus = await focused(page);
    expect(focus.visible, `the focus on “${focus.name}” can be seen`).toBe(true);
    seen.push(focus.name);
    if (wanted(focus.name)) return;
  }
  throw new Error(`Tab does not lead to ${name}; it led to: ${seen.join(" · ")}`);
}

/** What has the focus, and whether a ring, a border or another colour shows it. */
async function focused(page: Page): Promise<{ name: string; visible: boolean }> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement) || element === document.body) return { name: "nothing", visible: true };
    const style = getComputedStyle(element);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    const label = element instanceof HTMLInputElement ? element.labels?.[0]?.innerText : undefined;
    const name = element.getAttribute("aria-label") ?? label ?? element.innerText;
    const inTerminal = element.closest("[data-testid=terminal]") !== null;
    return {
      name: name.trim().split("\n")[0] ?? "",
      visible: inTerminal || (element.matches(":focus-visible") && (outlined || style.boxShadow !== "none")),
    };
  });
}

test("a session is made, used, left and ended", async ({ open, server }) => {
  const page = await open();
  const { keyboard } = page;
  await expect(page.getByRole("button", { name: "Start the first session" })).toBeVisible();
  await tabTo(page, "New session");
  await keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "New session" });
  await expect(dialog).toBeVisible();
  expect((await focused(page)).name, "the focus goes into the dialog").toMatch(/Shell|Default/);
  await tabTo(page, "Story");
  await keyboard.type("by-keyboard");
  await keyboard.press("Enter");

  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.run("echo $SEMPRE_LABEL_STORY-$((1 + 1))");
  await terminal.shows("by-keyboard-2");
  // Tab is the shell's, so there is a key that leaves.
  await keyboard.press("Tab");
  await terminal.hasFocus();
  await keyboard.press("Control+Shift+Backspace");
  await expect(terminal.host.locator("textarea")).not.toBeFocused();
  expect((await focused(page)).visible).toBe(true);
  await tabTo(page, "Close");
  await keyboard.press("Enter");
  await expect(modal(page)).toBeHidden();

  const [session] = await server.sessions();
  if (!session) throw new Error("there is no session");
  await tabTo(page, "End bash");
  await keyboard.press("Enter");
  const question = page.getByRole("dialog", { name: "End this bash session?" });
  await expect(question).toBeVisible();
  await keyboard.press("Escape");
  await expect(question).toBeHidden();
  expect((await focused(page)).name).toBe("End bash");
  await keyboard.press("Enter");
  await expect(question).toBeVisible();
  await tabTo(page, "End session");
  await keyboard.press("Enter");
  await expect(row(page, session).locator("[data-state=completed]")).toBeVisible();
  await tabTo(page, "Remove bash");
  await keyboard.press("Enter");
  await tabTo(page, "Remove");
  await keyboard.press("Enter");
  await expect(page.getByTestId("session")).toHaveCount(0);
});

test("a question that is asked while the closing of the last is still to be told of stays", async ({ open, server }) => {
  const session = await server.create();
  const page = await open();
  const question = page.getByRole("dialog", { name: "End this bash session?" });
  await row(page, session).getByRole("button", { name: "End bash" }).click();
  await expect(question).toBeVisible();
  // As a busy browser does it: what was closed a moment ago is told after the next was asked.
  await question.evaluate((dialog) => dialog.dispatchEvent(new Event("close")));
  await question.getByRole("button", { name: "End session" }).click();
  await expect(row(page, session).locator("[data-state=completed]")).toBeVisible();
  await expect(question).toBeHidden();
});

test("the standalone page is left by the shortcut too, and its links can be reached", async ({ shell, server }) => {
  const { session, terminal } = await shell();
  const { page } = terminal;
  await terminal.press("Control+Shift+Backspace");
  await expect(terminal.host.locator("textarea")).not.toBeFocused();
  await tabTo(page, "Session page");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(server.url(`/s/${session.session_id}`));
  await tabTo(page, "Open terminal");
  await page.keyboard.press("Enter");
  await terminal.becomes("live");
  await terminal.hasFocus();
});

test("the help names the keys, and Esc closes it", async ({ open, server }) => {
  const session = await server.create();
  const page = await open();
  await row(page, session).getByRole("link", { name: "bash", exact: true }).focus();
  await page.keyboard.press("Enter");
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.press("Control+Shift+Backspace");
  const { name } = await focused(page);
  if (name !== "Keyboard") await tabTo(page, "Keyboard");
  await page.keyboard.press("Enter");
  const help = page.getByRole("dialog", { name: "Keyboard" });
  for (const keys of ["Ctrl Shift X", "Ctrl Shift Enter", "Ctrl Shift Backspace"]) {
    await expect(help.locator("dt").filter({ hasText: keys.replaceAll(" ", "") })).toBeVisible();
  }
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  await expect(modal(page)).toBeVisible();
  await expect(bar(page).state).toHaveText("Live");
});

test("the skip link leads past the header", async ({ open }) => {
  const page = await open("/health");
  await expect(page.getByRole("button", { name: "Check again" })).toBeEnabled();
  await tabTo(page, "Skip to content");
  await page.keyboard.press("Enter");
  await tabTo(page, "Check again");
});
