// A progress bar as npm packages draw them: one line, over and over, then a list with marks.
const out = process.stdout;
const total = 120;
let done = 0;
out.write("\x1b[?25l");
const timer = setInterval(() => {
  done += 2;
  const width = Math.max(10, out.columns - 40);
  const filled = Math.floor((width * done) / total);
  out.cursorTo(0);
  out.write(`fetching [\x1b[32m${"█".repeat(filled)}\x1b[90m${"░".repeat(width - filled)}\x1b[39m] ${done}/${total}`);
  out.clearLine(1);
  if (done % 40 === 0) out.write(`\r\x1b[2K\x1b[33mwarn\x1b[39m something at ${done} \u2014 ${"long ".repeat(20)}\n`);
  if (done >= total) {
    clearInterval(timer);
    out.moveCursor(0, -1);
    out.cursorTo(0);
    out.clearScreenDown();
    for (const name of ["one", "two", "three"]) out.write(`\x1b[32m✔\x1b[39m ${name} \x1b[2m(12ms)\x1b[22m\n`);
    out.write("\x1b[?25h");
  }
}, 5);
