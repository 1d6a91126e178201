// How it looks: each view at three widths in both themes, kept in `artifacts/`. None is wider than its window.
import type { Page } from "@playwright/test";

import { modal, row } from "../support/pages";
import { LINES, setScene } from "../support/scene";
import type { Session } from "../support/server";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

const WINDOWS = [
  { width: 1440, height: 900 },
  { width: 820, height: 1180 },
  { width: 390, height: 844 },
];

async function terminalShown(page: Page): Promise<void> {
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await terminal.shows("4 passed");
  const { cols } = await terminal.size();
  await expect(page.getByTestId("size")).toContainText(`${cols}×`);
}

/** Each view: where it is, and what must be there before the picture is taken. */
const VIEWS: [string, (session: Session) => string, (page: Page, session: Session) => Promise<void>][] = [
  ["list", () => "/", async (page, session) => expect(row(page, session)).toBeVisible()],
  [
    "modal",
    () => "/",
    async (page, session) => {
      await row(page, session).getByRole("button", { name: "Open bash" }).click();
      await terminalShown(page);
      await expect(modal(page)).toBeVisible();
    },
  ],
  ["standalone", ({ session_id }) => `/t/${session_id}`, terminalShown],
  [
    "session",
    ({ session_id }) => `/s/${session_id}`,
    async (page) => expect(page.getByRole("heading", { name: "Process" })).toBeVisible(),
  ],
  ["health", () => "/health", async (page) => expect(page.getByTestId("health-status")).toBeVisible()],
];

for (const colorScheme of ["dark", "light"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("screenshots", async ({ open, server, page }) => {
      const session = await setScene(server);
      await open(`/t/${session.session_id}`);
      const terminal = new Terminal(page);
      await terminal.becomes("live");
      await terminal.hasFocus();
      for (const line of LINES) await terminal.run(line);
      await terminal.shows("4 passed");
      for (const window of WINDOWS) {
        await page.setViewportSize(window);
        for (const [name, route, shown] of VIEWS) {
          await page.goto(server.url(route(session)));
          await shown(page, session);
          await page.screenshot({ path: `artifacts/${name}-${window.width}-${colorScheme}.png`, animations: "disabled" });
          const width = await page.evaluate(() => document.documentElement.scrollWidth);
          expect.soft(width, `${name} at ${window.width}`).toBeLessThanOrEqual(window.width);
        }
      }
    });
  });
}
