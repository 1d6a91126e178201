// Who types into a session that is recorded is told so, for as long as its terminal is there.
import AxeBuilder from "@axe-core/playwright";
import type { Locator, Page } from "@playwright/test";

import { modal, openModal } from "../support/pages";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

const NOTICE = "What is typed here is recorded";
const WINDOWS = [
  { name: "desktop", width: 1440, height: 900 },
  { name: "phone", width: 390, height: 844 },
];

const notice = (page: Page): Locator => page.locator(".connection-bar").getByTestId("recording");

/** Serious and critical violations, contrast among them. */
async function violations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

test("p11 a session that is not recorded says nothing of it", async ({ shell, server }) => {
  const { terminal, session } = await shell();
  await expect(notice(terminal.page)).toBeHidden();
  await terminal.page.goto(server.url(`/s/${session.session_id}`));
  await expect(terminal.page.getByRole("heading", { name: "Process" })).toBeVisible();
  await expect(terminal.page.getByTestId("recording")).toHaveCount(0);
});

for (const colorScheme of ["dark", "light"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("p11 the notice is on both terminals and on the session's page", async ({ open, server, page }) => {
      const session = await server.create({ record_input: true });
      const look = async (name: string, shown: Locator) => {
        for (const { name: window, width, height } of WINDOWS) {
          await page.setViewportSize({ width, height });
          await expect(shown).toBeInViewport({ ratio: 1 });
          expect.soft(await violations(page), `${name}, ${window}`).toEqual([]);
          await page.screenshot({ path: `artifacts/recording-${name}-${window}-${colorScheme}.png`, animations: "disabled" });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          expect.soft(wide, `${name}, ${window}`).toBeLessThanOrEqual(width);
        }
      };
      await open();
      const inModal = await openModal(page, session);
      await expect(notice(modal(page).page())).toHaveText(NOTICE);
      await look("modal", notice(page));
      await inModal.prompts();

      await page.goto(server.url(`/t/${session.session_id}`));
      await new Terminal(page).becomes("live");
      // A screen reader hears it as soon as it is there.
      await expect(page.getByRole("status").filter({ hasText: NOTICE })).toBeVisible();
      await look("standalone", notice(page));

      await page.goto(server.url(`/s/${session.session_id}`));
      const onPage = page.getByTestId("recording");
      await expect(onPage).toContainText("What is typed into this session is recorded.");
      await expect(onPage).toContainText("cannot be recognised");
      await look("session", onPage);
    });
  });
}

test("p11 the notice tells what it means, by keyboard too, and stays", async ({ shell, server, network, watch }) => {
  watch.allowLostConnections();
  const { terminal, session } = await shell({ record_input: true });
  const { page } = terminal;
  const button = notice(page).getByRole("button", { name: NOTICE });
  await button.focus();
  await page.keyboard.press("Enter");
  const meaning = page.getByRole("dialog", { name: "Recording of input" });
  await expect(meaning).toContainText("such as a password for sudo, is left out");
  await expect(meaning).toContainText("cannot be recognised and is recorded");
  await page.keyboard.press("Escape");
  await expect(meaning).toBeHidden();
  await expect(button).toBeFocused();

  await page.goto(network.url(`/t/${session.session_id}`));
  const login = { params: { token: server.token }, headers: { accept: "text/html" } };
  await page.request.get(network.url(), login);
  await page.goto(network.url(`/t/${session.session_id}`));
  await terminal.becomes("live");
  network.cut();
  await terminal.becomes("reconnecting");
  await expect(notice(page)).toHaveText(NOTICE);
  network.mend();
  await terminal.becomes("live");
  await terminal.focus();
  await terminal.run("exit");
  await terminal.becomes("ended");
  await expect(notice(page)).toHaveText(NOTICE);
});

test("p11 a session is recorded if whoever starts it says so", async ({ open, server, page }) => {
  await open();
  await page.getByRole("button", { name: "New session" }).click();
  const dialog = page.getByRole("dialog", { name: "New session" });
  await dialog.getByRole("checkbox", { name: "Record what is typed" }).check();
  await page.screenshot({ path: "artifacts/recording-dialog.png", animations: "disabled" });
  await dialog.getByRole("button", { name: "Start session" }).click();
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await expect(notice(page)).toHaveText(NOTICE);
  const [session] = await server.sessions();
  expect(session?.records_input).toBe(true);
});
