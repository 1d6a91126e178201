// The network goes and comes back: nothing is missing, nothing is doubled, and the page says how it stands.
import { bar } from "../support/pages";
import { until } from "../support/processes";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

/** Numbered lines of a program that needs about ten seconds for them; fewer than the terminal keeps. */
const LINES = 4_000;
const SLOW_LINES = `stty -echo; for i in {1..${LINES}}; do echo line-$i; ((i % 40)) || sleep 0.1; done; stty echo`;

/** The numbers of the lines `prefix-N`, in the order they are shown. */
function numbers(lines: string[], prefix: string): number[] {
  // In raw output, what the shell tells the terminal stands in front of the first.
  const found = lines.map((line) => new RegExp(String.raw`(?:^|\r|\x07|\x1b\\)${prefix}-(\d+)$`).exec(line)?.[1]);
  return found.filter((number) => number !== undefined).map(Number);
}

const EVERY_LINE = Array.from({ length: LINES }, (_, at) => at + 1);

test("offline while output goes on: every line once, and what was typed arrives once", async ({
  open,
  server,
  network,
  context,
  watch,
}) => {
  watch.allowLostConnections();
  const session = await server.create();
  const page = await open(`/t/${session.session_id}`, network);
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.prompts();
  await terminal.run(SLOW_LINES);
  await terminal.shows(/^line-400$/m);

  // As a network that is gone: nobody is told, and the browser knows.
  network.freeze();
  await context.setOffline(true);
  const [drawn, written] = [await terminal.offset(), (await server.session(session.session_id)).offset];
  await terminal.becomes("reconnecting");
  await terminal.type("echo typed-$((7 * 7))\n");
  await expect(bar(page).pending).toHaveText(/22 B typed, sent once connected/);
  await until("much was written", async () => {
    const { offset } = await server.session(session.session_id);
    return offset > written + 20_000;
  });
  expect(await terminal.offset()).toBeLessThan(drawn + 20_000);

  network.mend();
  await context.setOffline(false);
  await terminal.becomes("live");
  await terminal.shows(/^typed-49$/m);
  const lines = await terminal.lines();
  expect(numbers(lines, "line")).toEqual(EVERY_LINE);
  expect(numbers(lines, "typed")).toEqual([49]);
  await expect(bar(page).pending).toBeEmpty();
  const output = (await server.output(session.session_id)).toString();
  expect(numbers(output.split("\r\n"), "line")).toEqual(EVERY_LINE);
  expect(numbers(output.split("\r\n"), "typed")).toEqual([49]);
});

test("cut off, the page tells attempt and next try, and tries at once when told to", async ({
  open,
  server,
  network,
  watch,
}) => {
  watch.allowLostConnections();
  const session = await server.create();
  const page = await open(`/t/${session.session_id}`, network);
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await expect(bar(page).state).toHaveText("Live");
  network.cut();
  await terminal.becomes("reconnecting");
  await expect(bar(page).state).toHaveText(/Reconnecting, attempt \d+/);
  await expect(page.getByText(/next try in \d+ s/)).toBeVisible();
  // Far enough that the next try is seconds away.
  await expect(bar(page).state).toHaveText(/Reconnecting, attempt 4/);
  await terminal.hasFocus();
  network.mend();
  await bar(page).button("Try now").click();
  await terminal.becomes("live");
  await terminal.hasFocus();
  await expect(bar(page).state).toHaveText("Live");
  await terminal.run("echo back-$((2 + 2))");
  await terminal.shows("back-4");
});

test("connections that break again and again lose and double nothing", async ({ open, server, network, watch }) => {
  watch.allowLostConnections();
  const session = await server.create();
  const page = await open(`/t/${session.session_id}`, network);
  const terminal = new Terminal(page);
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.prompts();
  // Each key lets a hundred lines come; each connection is cut as soon as the key was pressed.
  const read = "read -rn1 key; keys+=$key";
  await terminal.run(`stty -echo; for i in {1..2000}; do echo line-$i; ((i % 100)) || { ${read}; }; done; stty echo; echo all-$keys`);
  const keys = "abcdefghijklmnopqrst";
  for (const [at, key] of [...keys].entries()) {
    await terminal.shows(new RegExp(`^line-${(at + 1) * 100}$`, "m"));
    await terminal.press(key);
    network.cut();
    await terminal.becomes("reconnecting");
    network.mend();
    await page.evaluate(() => globalThis.dispatchEvent(new Event("online")));
    await terminal.becomes("live");
  }
  await terminal.shows(new RegExp(`^all-${keys}$`, "m"));
  await terminal.prompts();
  expect(numbers(await terminal.lines(), "line")).toEqual(EVERY_LINE.slice(0, 2_000));
});

test("the list says that it is not current, and becomes so by itself", async ({ open, server, network, watch }) => {
  watch.allowLostConnections();
  const page = await open("/", network);
  await expect(page.getByRole("button", { name: "Start the first session" })).toBeVisible();
  network.cut();
  await expect(page.getByText("Not current")).toBeVisible();
  await server.create({ labels: { story: "meanwhile" } });
  network.mend();
  await expect(page.getByText("meanwhile")).toBeVisible();
  await expect(page.getByText("Not current")).toBeHidden();
});
