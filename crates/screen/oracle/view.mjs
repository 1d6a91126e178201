// What a reader sees, for comparing the engine's own lines.
import { open, run } from "./terminal.mjs";

/** Per segment: the cursor, and each row of the active screen with its wrap flag, as text without blanks at its end. */
export function view({ cols, rows, scrollback, segments }) {
  const terminal = open({ cols, rows, scrollback });
  const views = [];
  for (const { ops } of segments) {
    // Where xterm.js itself fails, or has lost rows of its screen, there is nothing to compare with.
    try {
      run(terminal, ops);
      views.push(look(terminal));
    } catch {
      break;
    }
  }
  return views;
}

function look(terminal) {
  const buffer = terminal.buffer.active;
  const lines = [];
  for (let row = 0; row < terminal.rows; row += 1) {
    const line = buffer.getLine(buffer.baseY + row);
    lines.push({ wrapped: line.isWrapped, text: line.translateToString(false).trimEnd() });
  }
  return { x: buffer.cursorX, y: buffer.cursorY, lines };
}
