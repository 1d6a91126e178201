// A block of lines drawn again and again from its first one, as task lists do: up, erase, write.
const out = process.stdout;
const frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const tasks = ["install", "build 建てる", "test 🧪", "publish"];
let tick = 0;
let drawn = 0;
const timer = setInterval(() => {
  let text = drawn > 0 ? `\x1b[${drawn}A` : "";
  drawn = 0;
  for (const [at, task] of tasks.entries()) {
    const over = tick > (at + 1) * 8;
    const mark = over ? "\x1b[32m✓" : `\x1b[36m${frames[tick % frames.length]}`;
    text += `\x1b[2K\r${mark}\x1b[39m ${task}\n`;
    drawn += 1;
    if (!over && tick > at * 8) {
      text += `\x1b[2K\r  \x1b[2m› ${"detail ".repeat(tick % 9)}\x1b[22m\n`;
      drawn += 1;
    }
  }
  out.write(`${text}\x1b[J`);
  tick += 1;
  if (tick > 36) clearInterval(timer);
}, 4);
