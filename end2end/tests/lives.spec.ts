// When a session will end by itself, as the page tells it.
import type { Session } from "../support/server";
import { expect, test } from "../support/test";

test("a session with a time to live says when it will be ended, and why", async ({ open, server }) => {
  const session = await server.create({ ttl: 86_400 });
  const page = await open(`/s/${session.session_id}`);
  const expiry = page.locator("[data-expires-by=ttl]");
  await expect(expiry).toContainText("Will be ended");
  await expect(expiry).toContainText("if nothing happens in it until then");
  await expect(expiry.locator("time")).toHaveAttribute("datetime", /^20\d\d-/);
});

test("an ended session says how long its output is kept", async ({ open, server }) => {
  const session = await server.create({ cmd: ["true"] });
  await server.ended(session.session_id);
  const page = await open(`/s/${session.session_id}`);
  await expect(page.locator("[data-expires-by=retention]")).toContainText("Output kept until");
});

test("a session from the page has no end of its own", async ({ open }) => {
  const page = await open();
  await page.getByRole("button", { name: "New session" }).click();
  const dialog = page.getByRole("dialog", { name: "New session" });
  const [answer] = await Promise.all([
    page.waitForResponse((answer) => answer.url().endsWith("/api/v1/sessions") && answer.status() === 201),
    dialog.getByRole("button", { name: "Start session" }).click(),
  ]);
  const session = (await answer.json()) as Session;
  expect(session.ttl).toBeUndefined();
  await open(`/s/${session.session_id}`);
  await expect(page.getByText("Running for")).toBeVisible();
  await expect(page.locator("[data-expires-by]")).toHaveCount(0);
});
