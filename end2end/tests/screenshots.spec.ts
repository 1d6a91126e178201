// How it looks: each view at three widths in both themes, kept in `artifacts/`. None is wider than its window.
import type { Page } from "@playwright/test";

import { openModal, row } from "../support/pages";
import { LINES, setScene } from "../support/scene";
import type { Session } from "../support/server";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

const WINDOWS = [
  { width: 1440, height: 900 },
  { width: 820, height: 1180 },
  { width: 390, height: 844 },
];

/** A view: its name, where it is, and what must be there before pictures are taken. */
interface View {
  name: string;
  route: (session: Session) => string;
  shown: (page: Page, session: Session) => Promise<void>;
  hasTerminal?: boolean;
}

const VIEWS: View[] = [
  { name: "list", route: () => "/", shown: (page, session) => expect(row(page, session)).toBeVisible() },
  {
    name: "modal",
    route: () => "/",
    shown: async (page, session) => {
      await openModal(page, session);
      await new Terminal(page).shows("4 passed");
    },
    hasTerminal: true,
  },
  {
    name: "standalone",
    route: ({ session_id }) => `/t/${session_id}`,
    shown: (page) => new Terminal(page).shows("4 passed"),
    hasTerminal: true,
  },
  {
    name: "history",
    route: ({ session_id }) => `/t/${session_id}`,
    shown: async (page) => {
      const terminal = new Terminal(page);
      await terminal.becomes("live");
      await terminal.hasFocus();
      await terminal.press("Control+Shift+F");
      await expect(page.getByRole("region", { name: "Output" })).toContainText("4 passed");
    },
  },
  {
    name: "session",
    route: ({ session_id }) => `/s/${session_id}`,
    shown: (page) => expect(page.getByRole("heading", { name: "Process" })).toBeVisible(),
  },
  {
    name: "health",
    route: () => "/health",
    shown: (page) => expect(page.getByTestId("health-status")).toBeVisible(),
  },
];

/** Gives the window another size and waits until a terminal has followed. */
async function resize(page: Page, window: { width: number; height: number }, hasTerminal = false): Promise<void> {
  const terminal = new Terminal(page);
  const before = hasTerminal ? await terminal.size() : undefined;
  await page.setViewportSize(window);
  if (before) await expect.poll(() => terminal.size()).not.toEqual(before);
}

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
      for (const { name, route, shown, hasTerminal } of VIEWS) {
        await page.goto(server.url(route(session)));
        await shown(page, session);
        for (const window of WINDOWS) {
          await resize(page, window, hasTerminal);
          const path = `artifacts/${name}-${window.width}-${colorScheme}.png`;
          await page.screenshot({ path, animations: "disabled" });
          const width = await page.evaluate(() => document.documentElement.scrollWidth);
          expect.soft(width, `${name} at ${window.width}`).toBeLessThanOrEqual(window.width);
        }
      }
    });
  });
}
