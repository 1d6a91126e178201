// Below a path of a host, behind a proxy that passes the path on and behind one that takes it off: all the same.
import { ask, UPGRADE } from "../support/http";
import { modal, openModal, row } from "../support/pages";
import { PrefixProxy } from "../support/prefix-proxy";
import { Terminal } from "../support/terminal";
import { expect, test as base } from "../support/test";

const BASE = "/tools/sempre";

/** How the server is reached: `passed`: with the path, as it is; `taken off`: through a proxy. */
const test = base.extend<{ way: "passed on" | "taken off"; front: { url(route?: string): string; strayed?: string[] } }>({
  way: ["passed on", { option: true }],
  flags: ["--base-path", BASE],
  front: async ({ server, way, watch }, use) => {
    if (way === "passed on") return use(server);
    const proxy = await PrefixProxy.start(BASE, server.address);
    watch.own(proxy.url());
    await use(proxy);
    expect(proxy.strayed, "requests outside the path").toEqual([]);
    await proxy.dispose();
  },
});

for (const way of ["passed on", "taken off"] as const) {
  test.describe(`the path is ${way}`, () => {
    test.use({ way });

    test("the form logs in and leads on", async ({ page, context, server, front, watch }) => {
      watch.allow(/status of 401/);
      const session = await server.create();
      await page.goto(front.url(`/s/${session.session_id}`));
      await page.getByLabel("Access token").fill(server.token);
      await page.getByRole("button", { name: "Log in" }).click();
      await expect(page).toHaveURL(front.url(`/s/${session.session_id}`));
      await expect(page.getByRole("heading", { name: "bash" })).toBeVisible();
      const cookies = await context.cookies();
      expect(cookies.map((cookie) => cookie.path)).toEqual([`${BASE}/`]);
    });

    test("the login address logs in, with and without a slash behind the path", async ({ page, server, front }) => {
      for (const start of [`/?token=${server.token}`, `?token=${server.token}`]) {
        if (way === "taken off" && start.startsWith("?")) continue;
        // A page that is still there would ask without its cookie.
        await page.goto("about:blank");
        await page.context().clearCookies();
        await page.goto(front.url(start));
        await expect(page).toHaveURL(front.url("/"));
        await expect(page.getByRole("button", { name: "New session" })).toBeVisible();
      }
    });

    test("list, dialog, page of a session and standalone terminal", async ({ open, context, server, front }) => {
      const session = await server.create({ labels: { story: "S-17" } });
      const page = await open("/", front);
      const terminal = await openModal(page, session);
      await terminal.prompts();
      await terminal.run("echo sum-$((40 + 2))");
      await terminal.shows("sum-42");
      const [popped] = await Promise.all([context.waitForEvent("page"), terminal.press("Control+Shift+L")]);
      await expect(popped).toHaveURL(front.url(`/t/${session.session_id}`));
      const standalone = new Terminal(popped);
      await standalone.becomes("live");
      await standalone.shows("sum-42");
      await expect(modal(page)).toBeHidden();
      // By the router, without loading the page again.
      await page.evaluate(() => Object.assign(globalThis, { alive: true }));
      await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Health" }).click();
      await expect(page).toHaveURL(front.url("/health"));
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await page.getByRole("link", { name: "Sessions" }).click();
      await expect(page).toHaveURL(front.url("/"));
      await expect(row(page, session)).toBeVisible();
      expect(await page.evaluate(() => "alive" in globalThis)).toBe(true);
    });

    test("a session that is started from an address, and restarted", async ({ open, server, front }) => {
      const page = await open("/t/new?shell=bash&story=S-17", front);
      // A page that is not alive yet hears no click; a person clicks again.
      await expect(async () => {
        if (page.url().includes("/t/new")) {
          await page.getByRole("button", { name: "Start session" }).click({ timeout: 2_000 });
        }
        await expect(page).not.toHaveURL(/\/t\/new/, { timeout: 2_000 });
      }).toPass();
      const terminal = new Terminal(page);
      await terminal.becomes("live");
      await terminal.prompts();
      const [session] = await server.sessions();
      await expect(page).toHaveURL(front.url(`/t/${session?.session_id}`));
      await terminal.run("exit");
      await page.getByRole("button", { name: /Start again|Restart/ }).first().click();
      await expect(page).not.toHaveURL(front.url(`/t/${session?.session_id}`));
      await expect(page).toHaveURL(new RegExp(`${BASE}/t/[0-9a-f-]+$`));
      await terminal.becomes("live");
      await terminal.prompts();
    });
  });
}

test("addresses in answers stand below the path, and the API is there with and without it", async ({ server }) => {
  const created = (await server.create()) as unknown as Record<string, string>;
  expect(created.attach_url).toBe(`${BASE}/ws/sessions/${created.session_id}`);
  expect(created.page_url).toBe(`${BASE}/t/${created.session_id}`);
  const headers = { authorization: `Bearer ${server.token}` };
  const root = server.url("").slice(0, -BASE.length);
  for (const prefix of ["", BASE]) {
    expect((await ask(`${root}${prefix}/api/v1/sessions`, { headers })).status).toBe(200);
    const socket = await ask(`${root}${prefix}/ws/sessions/${created.session_id}`, { headers: { ...headers, ...UPGRADE } });
    expect(socket.status).toBe(101);
    expect((await ask(`${root}${prefix}/api/v1/sessions`)).status, "nor is it a way past the door").toBe(401);
  }
  const other = await ask(`${root}${BASE}x/api/v1/sessions`, { headers });
  expect(other.status, other.body.slice(0, 80)).toBe(404);
});
