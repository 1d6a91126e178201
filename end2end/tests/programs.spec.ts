// Programs behave as in any terminal: sizes, keys, full screens.
import { readFile, writeFile } from "node:fs/promises";

import { expect, test } from "../support/test";

test("resizing the window changes the size that programs see", async ({ shell }) => {
  const { terminal } = await shell();
  // A program in front that is told of a new size.
  await terminal.run(`bash -c 'trap "echo size-changed; exit" WINCH; echo wait-$?; while :; do read -rt 0.1; done'`);
  await terminal.shows(/^wait-0$/m);
  const before = await terminal.size();
  await terminal.page.setViewportSize({ width: 900, height: 500 });
  await expect.poll(async () => (await terminal.size()).cols).toBeLessThan(before.cols);
  await terminal.shows(/^size-changed$/m);
  await terminal.prompts();
  const { cols, rows } = await terminal.size();
  expect(rows).toBeLessThan(before.rows);
  await terminal.run("stty size");
  await terminal.shows(new RegExp(`^${rows} ${cols}$`, "m"));
  await expect(terminal.page.getByTestId("size")).toHaveText(`${cols}×${rows}`);
});

test("vim opens, edits and saves", async ({ shell, server }) => {
  await writeFile(server.file("note.txt"), "first\nsecond\n");
  const { terminal } = await shell();
  await terminal.run("vim note.txt");
  await expect.poll(() => terminal.isAlternate()).toBe(true);
  await terminal.shows(/^first\nsecond\n~/m);
  await terminal.type("jothird wörd");
  await terminal.shows("third wörd");
  await terminal.press("Escape");
  await terminal.type("gg");
  await terminal.press("ArrowDown");
  await terminal.type("dd:wq\n");
  await expect.poll(() => terminal.isAlternate()).toBe(false);
  await terminal.prompts();
  expect(await readFile(server.file("note.txt"), "utf8")).toBe("first\nthird wörd\n");
  await terminal.shows("vim note.txt");
});

test("less pages, searches and leaves the screen as it was", async ({ shell, server }) => {
  const lines = Array.from({ length: 500 }, (_, at) => `row ${at + 1}`);
  await writeFile(server.file("rows.txt"), lines.join("\n"));
  const { terminal } = await shell();
  await terminal.run("less rows.txt");
  await terminal.shows(/^row 1$/m);
  expect(await terminal.isAlternate()).toBe(true);
  await terminal.press("Space");
  await expect.poll(() => terminal.text()).not.toMatch(/^row 1$/m);
  await terminal.type("/row 444\n");
  await terminal.shows(/^row 444$/m);
  await terminal.press("End");
  await terminal.type("G");
  await terminal.shows(/^row 500$/m);
  await terminal.type("q");
  await terminal.prompts();
  expect(await terminal.text()).not.toContain("row 444");
});

test("Ctrl-C, Ctrl-D, Tab and arrow keys do what they do", async ({ shell, server }) => {
  await writeFile(server.file("a-long-name.txt"), "found\n");
  const { terminal } = await shell();
  await terminal.start("sleep 600");
  await terminal.press("Control+c");
  await terminal.shows("^C");
  await terminal.prompts();
  await terminal.run("echo code-$?");
  await terminal.shows("code-130");

  await terminal.start("cat > typed.txt");
  await terminal.run("one line");
  await terminal.press("Control+d");
  await terminal.prompts();
  expect(await readFile(server.file("typed.txt"), "utf8")).toBe("one line\n");

  await terminal.type("cat a-lo");
  await terminal.press("Tab");
  await terminal.shows("cat a-long-name.txt");
  await terminal.press("Enter");
  await terminal.shows(/^found$/m);

  await terminal.run("echo up-$((1 + 1))");
  await terminal.shows("up-2");
  await terminal.run("clear");
  await expect.poll(() => terminal.text()).not.toContain("up-2");
  await terminal.press("ArrowUp");
  await terminal.press("ArrowUp");
  await terminal.press("ArrowLeft");
  await terminal.press("ArrowLeft");
  await terminal.press("Backspace");
  await terminal.type("4");
  await terminal.press("Enter");
  await terminal.shows("up-5");
});

test("htop and tmux draw their screens", async ({ shell }) => {
  const { terminal } = await shell();
  await terminal.run("TMUX= tmux -f /dev/null -S ./tmux.sock new-session 'PS1=inner- sh'");
  await terminal.shows(/^inner-/m);
  await terminal.run("echo in-tmux-$((2 * 2)); htop");
  await terminal.shows(/Tasks: +\d+/);
  await terminal.type("q");
  await terminal.shows("in-tmux-4");
  await terminal.run("exit");
  await terminal.shows("[exited]");
  await terminal.prompts();
});
