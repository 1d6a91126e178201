// The pages' parts by the names a person knows them by.
import { expect, type Locator, type Page } from "@playwright/test";

import type { Session } from "./server";
import { Terminal } from "./terminal";

/** The row of a session in the list. */
export function row(page: Page, session: Pick<Session, "session_id">): Locator {
  return page.locator(`[data-testid="session"][data-session="${session.session_id}"]`);
}

/** The terminal's dialog. */
export function modal(page: Page): Locator {
  return page.getByRole("dialog").filter({ has: page.getByTestId("terminal") });
}

/** Opens the terminal of a session in the dialog over the list and waits until it can be typed into. */
export async function openModal(page: Page, session: Session): Promise<Terminal> {
  const terminal = new Terminal(page);
  // A page that is not alive yet hears no click; a person clicks again.
  await expect(async () => {
    // One that opened slowly lies over the button by now.
    if (!(await modal(page).isVisible())) {
      await row(page, session).getByRole("button", { name: `Open ${session.shell}` }).click({ timeout: 2_000 });
    }
    await expect(terminal.host).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await terminal.becomes("live");
  await terminal.hasFocus();
  return terminal;
}

/** The bar below a terminal. */
export function bar(page: Page): { state: Locator; pending: Locator; button(name: string): Locator } {
  const bar = page.locator(".connection-bar");
  return {
    state: bar.locator(".connection-state"),
    pending: bar.getByTestId("pending"),
    button: (name) => bar.getByRole("button", { name }),
  };
}

/** The question that is asked before something is ended or removed. */
export async function answer(page: Page, question: RegExp, yes: string): Promise<void> {
  const dialog = page.getByRole("dialog", { name: question });
  await dialog.getByRole("button", { name: yes }).click();
  await expect(dialog).toBeHidden();
}
