// No page has what axe calls a serious or critical violation, light or dark.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { openModal } from "../support/pages";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

/** Serious and critical violations, with the elements they are about. */
async function violations(page: Page): Promise<string[]> {
  const { violations, passes } = await new AxeBuilder({ page }).analyze();
  expect(passes.length, "axe looked at something").toBeGreaterThan(5);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

for (const colorScheme of ["dark", "light"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("pages", async ({ open, server, page, watch }) => {
      watch.allow(/status of 40[14]/);
      const check = async (what: string) => expect.soft(await violations(page), what).toEqual([]);
      await page.goto(server.url());
      await expect(page.getByLabel("Access token")).toBeVisible();
      await check("login");
      await open();
      await expect(page.getByRole("button", { name: "Start the first session" })).toBeVisible();
      await check("list, empty");
      const labels = { story: "S-1", branch: "main", team: "core" };
      const session = await server.create({ labels });
      const ended = await server.create({ cmd: ["sh", "-c", "exit 3"] });
      await server.ended(ended.session_id);
      for (const route of [
        "/",
        `/s/${session.session_id}`,
        `/s/${ended.session_id}`,
        "/health",
        "/t/new?story=S-1&branch=main",
        "/t/new?shell=unknown",
        `/s/${"0".repeat(32)}`,
        "/nothing/here",
      ]) {
        await page.goto(server.url(route));
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await check(route);
      }
    });

    test("dialogs and terminals", async ({ open, server, page }) => {
      const check = async (what: string) => expect.soft(await violations(page), what).toEqual([]);
      const session = await server.create({ labels: { story: "S-1", branch: "main" } });
      await open();
      await page.getByRole("button", { name: "New session" }).click();
      await expect(page.getByRole("dialog", { name: "New session" })).toBeVisible();
      await check("new session");
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("button", { name: "End bash" }).click();
      await expect(page.getByRole("dialog", { name: "End this bash session?" })).toBeVisible();
      await check("question");
      await page.getByRole("button", { name: "Cancel" }).click();
      const terminal = await openModal(page, session);
      await terminal.prompts();
      await check("terminal in the dialog");
      await page.goto(server.url(`/t/${session.session_id}`));
      await terminal.becomes("live");
      await terminal.prompts();
      await check("standalone terminal");
      await terminal.hasFocus();
      await terminal.run("exit 3");
      await terminal.becomes("ended");
      await check("ended terminal");
    });

    test("reconnecting and asking", async ({ open, server, network, watch }) => {
      watch.allowLostConnections();
      const session = await server.create();
      const page = await open(`/t/${session.session_id}`, network);
      const terminal = new Terminal(page);
      await terminal.becomes("live");
      await terminal.hasFocus();
      network.cut();
      await terminal.becomes("reconnecting");
      await terminal.type("typed");
      expect.soft(await violations(page), "reconnecting").toEqual([]);
      await server.request("DELETE", `/api/v1/sessions/${session.session_id}`);
      await server.ended(session.session_id);
      network.mend();
      await terminal.becomes("ended");
      await expect(page.getByTestId("parked")).toBeVisible();
      expect.soft(await violations(page), "asking").toEqual([]);
    });
  });
}
