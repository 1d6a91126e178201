// The pages around the terminals: session, health, what is not there, and what an address may offer.
import type { Session } from "../support/server";
import { answer } from "../support/pages";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

test("the session page tells process, size, times, viewers, labels, and stays current", async ({ shell, server, context }) => {
  const { session, terminal } = await shell({ labels: { story: "S-8", branch: "main" } });
  const about = await context.newPage();
  await about.goto(server.url(`/s/${session.session_id}`));
  const fact = (name: string) => about.locator("dl > div").filter({ has: about.getByText(name, { exact: true }) }).locator("dd");
  await expect(about.getByRole("heading", { level: 1, name: "bash" })).toBeVisible();
  await expect(fact("Command")).toContainText("bash");
  await expect(fact("Directory")).toHaveText(server.home);
  await expect(fact("Process id")).toHaveText(String(session.pid));
  const { cols, rows } = await terminal.size();
  await expect(fact("Size")).toHaveText(`${cols} columns × ${rows} rows`);
  await expect(fact("Viewers")).toHaveText("1");
  await expect(about.getByRole("list", { name: "Labels" })).toHaveText(/story\s*S-8\s*branch\s*main/);
  await terminal.page.close();
  await expect(fact("Viewers")).toHaveText("0");

  await about.getByRole("button", { name: "End session" }).click();
  await answer(about, /^End this bash/, "End session");
  await expect(fact("Exit")).toHaveText(/killed by SIGHUP|exited/);
  await expect(fact("Because")).toHaveText("ended on request");
  const [download] = await Promise.all([
    about.waitForEvent("download"),
    about.getByRole("link", { name: "Download output" }).click(),
  ]);
  expect(download.suggestedFilename()).toContain(session.session_id);
  await about.getByRole("button", { name: "Remove" }).click();
  await answer(about, /^Remove this bash/, "Remove");
  await expect(about).toHaveURL(server.url());
  expect(await server.sessions()).toEqual([]);
});

test("the session page starts an ended session again", async ({ open, server }) => {
  const session = await server.create({ labels: { story: "S-9" } });
  await server.request("DELETE", `/api/v1/sessions/${session.session_id}`);
  await server.ended(session.session_id);
  const page = await open(`/s/${session.session_id}`);
  await page.getByRole("button", { name: "Restart" }).click();
  await expect(page).toHaveURL(/\/t\/[0-9a-f]{32}$/);
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.run("echo $SEMPRE_LABEL_STORY-$((1 + 1))");
  await terminal.shows("S-9-2");
});

test("the health page tells what was looked at, and looks again", async ({ open, server }) => {
  const page = await open("/health");
  const figure = (name: string) => page.locator("dl.figures > div").filter({ hasText: name }).locator("dd");
  await expect(page.getByTestId("health-status")).toHaveText("OK");
  await expect(figure("Active sessions")).toHaveText("0");
  await expect(figure("Version")).toHaveText(/^\d+\.\d+\.\d+/);
  expect(await page.locator("[data-check]").count()).toBeGreaterThan(0);
  await server.create();
  await page.getByRole("button", { name: "Check again" }).click();
  await expect(figure("Active sessions")).toHaveText("1");
});

test("the health page has the statistics of the sessions (L6)", async ({ open, server }) => {
  const ended = await server.create({ cmd: ["true"] });
  await server.ended(ended.session_id);
  const page = await open("/health");
  const statistics = page.getByTestId("statistics");
  await expect(statistics).toContainText(/Ended\s*1/);
  await expect(statistics).toContainText(/Active for more than a day\s*0/);
  await server.create();
  await page.getByRole("button", { name: "Check again" }).click();
  const newest = page.getByRole("list", { name: "Started last" }).getByRole("listitem");
  await expect(newest).toHaveText([/^bash\s*Active/, /^true\s*Ended/]);
  await newest.last().getByRole("link").click();
  await expect(page).toHaveURL(server.url(`/s/${ended.session_id}`));
});

for (const route of ["/s/", "/t/"]) {
  test(`${route}… of a session that is not there says so`, async ({ open, server, page, watch }) => {
    watch.allow(/status of 404/);
    await open();
    for (const id of ["0".repeat(32), "no-id", "..%2f..%2fetc%2fpasswd"]) {
      const answer = await page.goto(server.url(`${route}${id}`));
      expect(answer?.status()).toBe(404);
      await expect(page.getByRole("heading", { name: "There is no such session" })).toBeVisible();
      await page.getByRole("link", { name: "All sessions" }).click();
      await expect(page).toHaveURL(server.url());
    }
  });
}

test("an address that no page has says so", async ({ open, server, page, watch }) => {
  watch.allow(/status of 404/);
  await open();
  const answer = await page.goto(server.url("/no/such/page"));
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
});

test("/t/new shows what would start, and starts it on a click only", async ({ open, server, page }) => {
  await open("/t/new?story=S-12&branch=fix%2Fthings&shell=bash");
  await expect(page.getByRole("heading", { name: "Start this session?" })).toBeVisible();
  await expect(page.getByRole("list", { name: "Labels" })).toHaveText(/story\s*S-12\s*branch\s*fix\/things/);
  await page.reload();
  await expect(page.getByRole("button", { name: "Start session" })).toBeEnabled();
  expect(await server.sessions()).toEqual([]);
  await page.getByRole("button", { name: "Start session" }).click();
  await expect(page).toHaveURL(/\/t\/[0-9a-f]{32}$/);
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.run("echo $SEMPRE_LABEL_STORY $SEMPRE_LABEL_BRANCH");
  await terminal.shows("S-12 fix/things");
  const sessions: Session[] = await server.sessions();
  expect(sessions.map(({ shell, labels }) => ({ shell, labels }))).toEqual([
    { shell: "bash", labels: { story: "S-12", branch: "fix/things" } },
  ]);
});

test("the health page has the figures of coming back to sessions (P10)", async ({ open }) => {
  const page = await open("/health");
  const figures = page.getByTestId("recovery");
  await expect(figures).toContainText(/PTYs open\s*0/);
  await expect(figures).toContainText(/Time to come back \(p50 · p95 · p99\)\s*none yet/);
  await expect(figures).toContainText(/Failed\s*0/);
});

test("/t/new offers nothing before the page is alive (K8)", async ({ open, server, page }) => {
  await open();
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\.wasm/, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(server.url("/t/new?story=S-13"), { waitUntil: "commit" });
  const start = page.getByRole("button", { name: "Start session" });
  await expect(start).toBeDisabled();
  // In its own colours: it does not turn from grey when it can be clicked.
  const colour = () => start.evaluate((button) => getComputedStyle(button).backgroundColor);
  const before = await colour();
  release();
  await expect(start).toBeEnabled();
  expect(await colour()).toBe(before);
  expect(await server.sessions()).toEqual([]);
  await page.unrouteAll({ behavior: "wait" });
});

const NASTY = ["-c id", ";id", "$(id)'\"`id`", "--version", "<script>window.__xss=1</script>"];

test("what stands in an address is text: never an argument, a command or markup", async ({ open, server, page, watch }) => {
  watch.allow(/status of 422/);
  await open();
  for (const value of NASTY) {
    const text = encodeURIComponent(value);
    await page.goto(server.url(`/t/new?shell=${text}`));
    await expect(page.getByRole("alert")).toContainText(`“${value}” is not installed here`);
    await expect(page.getByRole("button", { name: "Start session" })).toBeDisabled();
    await page.goto(server.url(`/t/new?story=${text}&branch=${text}&cmd=id&cwd=/&args=-c`));
    await expect(page.locator("[data-label=story]")).toContainText(value);
    await page.getByRole("button", { name: "Start session" }).click();
    await expect(page).toHaveURL(/\/t\/[0-9a-f]{32}$/);
    await expect(page.locator("[data-label=branch]")).toContainText(value);
  }
  expect(await page.evaluate(() => "__xss" in globalThis)).toBe(false);
  const sessions = await server.sessions();
  expect(sessions).toHaveLength(NASTY.length);
  for (const { cmd, cwd } of sessions) {
    expect(cmd).toHaveLength(1);
    expect(cmd[0]).toMatch(/\/bash$/);
    expect(cwd).toBe(server.home);
  }
  expect(new Set(sessions.map(({ labels }) => labels.story))).toEqual(new Set(NASTY));
});
