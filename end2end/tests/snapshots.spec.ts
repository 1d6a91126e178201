// The page comes back to a session by a snapshot: the screen exactly as it was, and nothing said to the program.
import { readFile, writeFile } from "node:fs/promises";

import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

/** Loads the page again and waits until its terminal lives. */
async function reload(terminal: Terminal): Promise<void> {
  await terminal.page.reload();
  await terminal.becomes("live");
  await terminal.hasFocus();
}

test("a reload shows vim's screen as it was, and what was before it behind", async ({ shell, server }) => {
  const text = Array.from({ length: 120 }, (_, at) => `${at + 1} ${"wörd 漢字 ".repeat(1 + (at % 9))}`);
  await writeFile(server.file("long.txt"), text.join("\n"));
  const { terminal } = await shell();
  await terminal.run("for n in $(seq 300); do echo before-$n; done");
  await terminal.shows(/^before-300$/m);
  await terminal.run("vim -c 'set number hlsearch laststatus=2' long.txt");
  await expect.poll(() => terminal.isAlternate()).toBe(true);
  await terminal.type("60Gzz/9\n");
  await expect.poll(() => terminal.cells()).toMatch(/69 /);
  const before = await terminal.cells();
  await reload(terminal);
  expect(await terminal.isAlternate()).toBe(true);
  await expect.poll(() => terminal.cells()).toBe(before);
  // Vim is still in front and gets the keys.
  await terminal.type(":q!\n");
  await terminal.prompts();
  expect(await terminal.isAlternate()).toBe(false);
  const lines = await terminal.lines();
  for (const n of [1, 150, 300]) expect(lines).toContain(`before-${n}`);
  expect(lines.filter((line) => line === "before-300")).toHaveLength(1);
});

test("a reload keeps colours, the cursor's place and a half-typed line", async ({ shell }) => {
  const { terminal } = await shell();
  await terminal.run("printf '\\e[1;31mred\\e[0m \\e[44mblue\\e[0m\\n'");
  await terminal.shows(/^red blue$/m);
  await terminal.type("echo half-typed");
  await terminal.press("ArrowLeft");
  await terminal.press("ArrowLeft");
  await terminal.shows("echo half-typed");
  const before = await terminal.cells();
  await reload(terminal);
  await expect.poll(() => terminal.cells()).toBe(before);
  await terminal.type("X");
  await terminal.press("Enter");
  await terminal.shows(/^half-typXed$/m);
});

test("nobody types junk at the prompt after a reload while a program asks", async ({ shell, server }) => {
  const { terminal } = await shell();
  const rounds = 6;
  const asks = "\\e[c\\e[>c\\e[6n\\e[5n\\e]10;?\\e\\\\\\e]11;?\\e\\\\\\e]4;1;?\\e\\\\\\e[?2026$p\\eP$qm\\e\\\\";
  // One half asks, the other keeps what it is answered until a person types q.
  const ask = `(for n in $(seq ${rounds}); do printf '${asks}'; sleep 0.3; done) &`;
  const keep = 'while read -rN1 key && [ "$key" != q ]; do printf %s "$key"; done > answers';
  await terminal.start(`stty -echo -icanon; ${ask} ${keep}; wait; stty sane; echo kept-$?`);
  for (let times = 0; times < 3; times += 1) await reload(terminal);
  const answered = async (answer: string) => (await readFile(server.file("answers"), "latin1")).split(answer).length - 1;
  // The status of the terminal and its colours, which come after one another.
  for (const answer of ["\x1b[0n", "]11;rgb:", "\x1bP1$r"]) {
    await expect.poll(() => answered(answer)).toBe(rounds);
  }
  await terminal.type("q");
  await terminal.shows(/^kept-0$/m);
  for (const answer of ["\x1b[?1;2c", "\x1b[0n", "]11;rgb:"]) expect(await answered(answer)).toBe(rounds);

  await terminal.start("cat -v; echo read-$?");
  await reload(terminal);
  await terminal.type("plain\n");
  await terminal.press("Control+d");
  await terminal.shows(/^read-0$/m);
  const text = await terminal.text();
  expect(text.slice(text.lastIndexOf("cat -v")), "what cat read is what was typed").not.toMatch(/\^\[|;rgb:|\d+;\d+R/);
  expect(await server.sessions()).toHaveLength(1);
});

test("a page that was hidden behind a dead network shows the newest screen without a blink", async ({
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
  await terminal.hasFocus();
  await terminal.prompts();
  await terminal.run("echo seen-$((1 + 1)); read -r go; seq 400000");
  await terminal.shows(/^seen-2$/m);
  // What a person would see between the cut and the new screen.
  await terminal.host.evaluate((host) => {
    const shown: boolean[] = [];
    Object.assign(globalThis, { blanks: shown });
    const look = () => {
      const buffer = (host as unknown as { sempreTerminal: { buffer: { active: { length: number; getLine(at: number): { translateToString(trim: boolean): string } } } } })
        .sempreTerminal.buffer.active;
      let text = "";
      for (let at = 0; at < buffer.length && text === ""; at += 1) text = buffer.getLine(at).translateToString(true);
      shown.push(text === "");
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  network.cut();
  await terminal.becomes("reconnecting");
  await server.request("POST", `/api/v1/sessions/${session.session_id}/nothing`);
  const other = new Terminal(await page.context().newPage());
  await other.page.goto(server.url(`/t/${session.session_id}`));
  await other.becomes("live");
  await other.hasFocus();
  await other.press("Enter");
  await other.shows(/^400000$/m);
  await other.page.close();
  network.mend();
  await terminal.becomes("live");
  await terminal.shows(/^400000$/m);
  const lines = await terminal.lines();
  const numbers = lines.filter((line) => /^\d+$/.test(line)).map(Number);
  expect(numbers.length, "five thousand lines and the screen, at most").toBeLessThan(5_200);
  numbers.reduce((before, number) => (expect(number).toBe(before + 1), number), (numbers[0] ?? 1) - 1);
  const blanks = await page.evaluate(() => (globalThis as unknown as { blanks: boolean[] }).blanks);
  expect(blanks.length).toBeGreaterThan(10);
  expect(blanks.filter(Boolean), "no frame shows an empty terminal").toEqual([]);
});
