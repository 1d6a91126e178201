// Pastes: large ones arrive whole, stuck ones block nobody, nasty ones do nothing by themselves.
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";

import { bar } from "../support/pages";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** `bytes` of text that is the same nowhere twice, in lines of `width`. */
function text(bytes: number, width: number): string {
  const random = randomBytes(bytes / 2).toString("hex");
  return random.replaceAll(new RegExp(`.{${width - 1}}`, "g"), "$&\n");
}

test("5 MB in lines under 4000 bytes arrive whole", async ({ shell, server }) => {
  const { terminal } = await shell();
  const pasted = `${text(5_000_000, 3_000)}\n`;
  await terminal.start("cat > pasted; echo done-$?");
  await terminal.paste(pasted);
  await expect.poll(() => terminal.pending(), { timeout: 90_000 }).toBe(0);
  await terminal.press("Control+d");
  await terminal.shows(/^done-0$/m);
  const arrived = await readFile(server.file("pasted"));
  expect(arrived.length).toBe(pasted.length);
  expect(sha256(arrived)).toBe(sha256(pasted));
});

test("one line of 1 MB arrives whole where the program reads bytes", async ({ shell, server }) => {
  const { terminal } = await shell();
  const pasted = randomBytes(500_000).toString("hex");
  await terminal.run(`stty raw -echo; echo ready-$?; head -c ${pasted.length} > pasted; stty sane; echo done-$?`);
  await terminal.shows("ready-0");
  await terminal.paste(pasted);
  await terminal.shows("done-0");
  expect(sha256(await readFile(server.file("pasted")))).toBe(sha256(pasted));
});

test("the browser's own paste works too", async ({ shell, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const { terminal } = await shell();
  await terminal.page.evaluate(() => navigator.clipboard.writeText("echo by-clipboard-$((5 * 5))"));
  await terminal.press("Control+Shift+V");
  await terminal.shows("echo by-clipboard-");
  await terminal.press("Enter");
  await terminal.shows("by-clipboard-25");
});

for (const [way, bytes] of [["Ctrl-C", 300_000], ["the Interrupt button", 60_000]] as const) {
  test(`a paste nobody reads blocks nobody, and ${way} throws it away`, async ({ shell, context, server }) => {
    const { terminal } = await shell();
    const other = await context.newPage();
    await other.goto(terminal.page.url());
    const neighbour = new Terminal(other);
    await neighbour.becomes("live");
    await terminal.page.bringToFront();
    // One says a number each time it is asked to, while the one in front reads nothing until it is interrupted.
    await terminal.run("mkfifo ask; (while read -r n < ask; do echo said-$n; done) & stty -echo");
    await terminal.run("(trap : INT; echo asleep-$?; sleep 600; cat > rest); stty echo; echo awake-$?");
    await terminal.shows(/^asleep-0$/m);
    await terminal.paste(text(bytes, 1_000));
    await expect(bar(terminal.page).pending).toHaveText(/not read by the program/);
    await writeFile(server.file("ask"), "1\n");
    for (const view of [neighbour, terminal]) await view.shows(/^said-1$/m);

    if (way === "Ctrl-C") await terminal.press("Control+c");
    else await bar(terminal.page).button("Interrupt").click();
    await terminal.hasFocus();
    await expect.poll(() => terminal.pending()).toBe(0);
    await terminal.press("Enter");
    await terminal.press("Control+d");
    for (const view of [terminal, neighbour]) await view.shows(/^awake-0$/m);
    const rest = await readFile(server.file("rest"), "utf8");
    expect(rest, "what was pasted is thrown away, what is typed after it is not").toBe("\n");
  });
}

test("an end of a bracketed paste inside a paste does not end it", async ({ shell, server }) => {
  const { terminal } = await shell();
  for (const [nth, end] of ["\x1b[201~", "\x9b201~", "\x1b[2\x1b[201~01~"].entries()) {
    // While a command runs, pastes are not bracketed.
    await expect.poll(() => terminal.takesBracketedPaste()).toBe(true);
    await terminal.paste(`echo harmless-${nth} ${end}; touch broken-out\ntouch broken-out\n`);
    // All of it is drawn: a shell that is interrupted in the middle of drawing may keep the line.
    await terminal.shows(new RegExp(`harmless-${nth}.*\\n\\s*touch broken-out\\s*$`));
    await terminal.press("Control+c");
    await terminal.prompts();
    await terminal.run(`echo again-$((${nth} + 10))`);
    await terminal.shows(new RegExp(`^again-${nth + 10}$`, "m"));
  }
  await terminal.run("echo checked-$((8 * 8))");
  await terminal.shows("checked-64");
  expect(existsSync(server.file("broken-out"))).toBe(false);
});
