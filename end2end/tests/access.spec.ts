// Who is let in: the token and the cookie, and no other site's page.
import { ask, UPGRADE, type Ask } from "../support/http";
import { bar } from "../support/pages";
import type { Server } from "../support/server";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

test("the login address logs in and leaves the address bar", async ({ page, context, server }) => {
  await page.goto(server.url(`/?token=${server.token}`));
  await expect(page.getByRole("button", { name: "New session" })).toBeVisible();
  await expect(page).toHaveURL(server.url());
  const cookies = await context.cookies();
  expect(cookies).toHaveLength(1);
  expect(cookies[0]).toMatchObject({ httpOnly: true, sameSite: "Strict", path: "/" });
  expect(cookies[0]?.value).not.toContain(server.token);
  expect(await page.evaluate(() => document.cookie)).toBe("");
  expect(await page.evaluate(() => document.documentElement.outerHTML)).not.toContain(server.token);
  await page.goBack();
  expect(page.url()).not.toContain(server.token);
  // Else browsers ask for one that is not there, when they find the time.
  const greeting = await ask(server.url(`/?token=${server.token}`), { headers: { accept: "text/html" } });
  expect(greeting.body).toContain('rel="icon"');
});

test("without a cookie there is a form; a wrong token is told, the right one leads on", async ({
  page,
  server,
  watch,
}) => {
  watch.allow(/status of 401/);
  const session = await server.create();
  const answer = await page.goto(server.url(`/s/${session.session_id}`));
  expect(answer?.status()).toBe(401);
  expect(await page.content()).not.toContain("bash");
  await page.getByLabel("Access token").fill("wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert")).toContainText("not this server's token");
  await page.getByLabel("Access token").fill(server.token);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page).toHaveURL(server.url(`/s/${session.session_id}`));
  await expect(page.getByRole("heading", { name: "bash" })).toBeVisible();
});

test("a wrong token in the address lets nobody in", async ({ page, context, server, watch }) => {
  watch.allow(/status of 401/);
  const answer = await page.goto(server.url("/?token=00000000000000000000000000000000"));
  expect(answer?.status()).toBe(401);
  await expect(page.getByLabel("Access token")).toBeVisible();
  expect(await context.cookies()).toEqual([]);
});

/** A login's cookie as a header. */
async function cookieOf(server: Server): Promise<string> {
  const answer = await ask(server.url(`/?token=${server.token}`), { headers: { accept: "text/html" } });
  const cookie = answer.headers["set-cookie"]?.[0]?.split(";")[0];
  if (!cookie) throw new Error(`no cookie: ${answer.status}`);
  return cookie;
}

test("without credentials nothing answers but the login", async ({ server }) => {
  const { session_id } = await server.create();
  const page = { accept: "text/html" };
  const asks: [string, Ask][] = [
    ["/", {}],
    ["/", { headers: page }],
    ["/health", { headers: page }],
    [`/t/${session_id}`, { headers: page }],
    ["/api/v1/health", {}],
    ["/api/v1/sessions", {}],
    ["/api/v1/sessions", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }],
    ["/api/v1/events", {}],
    [`/api/v1/sessions/${session_id}`, { method: "DELETE" }],
    [`/api/v1/sessions/${session_id}/output?from=0`, {}],
    [`/ws/sessions/${session_id}`, { headers: UPGRADE }],
    ["/api/v1/sessions", { headers: { authorization: "Bearer wrong" } }],
    ["/api/v1/sessions", { headers: { cookie: `${(await cookieOf(server)).split("=")[0]}=${server.token}` } }],
  ];
  for (const [route, how] of asks) {
    const answer = await ask(server.url(route), how);
    expect(answer.status, `${how.method ?? "GET"} ${route}`).toBe(401);
    expect(answer.body).not.toContain(session_id.slice(0, 8) + '"');
  }
  expect(await server.sessions()).toHaveLength(1);
});

test("pages of other sites are refused, with a login too", async ({ server }) => {
  const { session_id } = await server.create();
  const cookie = await cookieOf(server);
  const { port } = server.address;
  const socket = `/ws/sessions/${session_id}`;
  const create = { method: "POST", body: "{}" };
  const json = { "content-type": "application/json" };
  const foreign = [
    "http://evil.example",
    "null",
    `http://127.0.0.1:${port + 1}`,
    `http://127.0.0.1:${port}.evil.example`,
    `http://localhost:${port}`,
  ];
  for (const origin of foreign) {
    expect((await ask(server.url(socket), { headers: { ...UPGRADE, cookie, origin } })).status, origin).toBe(403);
    const post = await ask(server.url("/api/v1/sessions"), { ...create, headers: { ...json, cookie, origin } });
    expect(post.status, origin).toBe(403);
    expect((await ask(server.url("/api/v1/events"), { headers: { cookie, origin } })).status, origin).toBe(403);
  }
  const without = await ask(server.url(socket), { headers: { ...UPGRADE, cookie } });
  expect(without.status, "a cookie without an Origin").toBe(403);
  const own = { cookie, origin: `http://127.0.0.1:${port}` };
  expect((await ask(server.url(socket), { headers: { ...UPGRADE, ...own } })).status).toBe(101);
  const form = { "content-type": "text/plain", ...own };
  const plain = await ask(server.url("/api/v1/sessions"), { ...create, headers: form });
  expect(plain.status, "a body that any form could send").toBe(415);
  expect(await server.sessions()).toHaveLength(1);
});

test("hosts this server is not known by are refused", async ({ server }) => {
  const { session_id } = await server.create();
  const cookie = await cookieOf(server);
  const { port } = server.address;
  for (const host of ["evil.example", `evil.example:${port}`, `127.0.0.1.evil.example:${port}`, `localhost.evil:${port}`]) {
    for (const [route, headers] of [["/", {}], ["/api/v1/sessions", {}], [`/ws/sessions/${session_id}`, UPGRADE]] as const) {
      const answer = await ask(server.url(route), { headers: { ...headers, cookie, host, origin: `http://${host}` } });
      expect(answer.status, `${route} at ${host}`).toBe(421);
      expect(answer.body).not.toContain(session_id);
    }
  }
  const known = await ask(server.url("/api/v1/health"), { headers: { cookie, host: `localhost:${port}` } });
  expect(known.status).toBe(200);
});

test("a page that loses its login says so", async ({ open, server, context, network, watch }) => {
  watch.allowLostConnections();
  watch.allow(/status of 401/, /Unexpected response code: 401/);
  const session = await server.create();
  const page = await open(`/t/${session.session_id}`, network);
  await expect(page.getByTestId("terminal")).toHaveAttribute("data-state", "live");
  await context.clearCookies();
  network.cut();
  await expect(page.getByTestId("terminal")).toHaveAttribute("data-state", "reconnecting");
  network.mend();
  await expect(page.getByTestId("terminal")).toHaveAttribute("data-state", "logged-out");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByLabel("Access token")).toBeVisible();
});

test("a login that is taken back closes the terminal, and the page says so and offers the way in", async ({
  shell,
  server,
  watch,
}) => {
  watch.allow(/status of 401/);
  const { session, terminal } = await shell();
  const page = terminal.page;
  await terminal.run("echo still-$((20 + 3))");
  await terminal.shows("still-23");
  const logins = (await (await server.request("GET", "/api/v1/logins")).json()) as { id: string }[];
  expect(logins).toHaveLength(1);
  expect((await server.request("DELETE", `/api/v1/logins/${logins[0]?.id}`)).status).toBe(204);
  await terminal.becomes("logged-out");
  await expect(bar(page).state).toHaveText("Logged out");
  await bar(page).button("Log in").click();
  await page.getByLabel("Access token").fill(server.token);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page).toHaveURL(server.url(`/t/${session.session_id}`));
  await terminal.becomes("live");
  await terminal.shows("still-23");
});

test("a share link opens its terminal to who has no login, to look", async ({ shell, server, browser }) => {
  const { session, terminal } = await shell();
  await terminal.run("echo shown-$((20 + 3))");
  await terminal.shows("shown-23");
  const route = `/api/v1/sessions/${session.session_id}/shares`;
  const share = (await (await server.request("POST", route, { role: "viewer" })).json()) as { url: string };
  const guest = await browser.newContext();
  const page = await guest.newPage();
  await page.goto(server.url(share.url));
  await expect(page).toHaveURL(server.url(`/t/${session.session_id}`));
  const shown = new Terminal(page);
  await shown.becomes("live");
  await shown.shows("shown-23");
  await page.goto(server.url());
  await expect(page.getByTestId("session")).toHaveCount(1);
  await guest.close();
});
