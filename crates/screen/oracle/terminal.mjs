// A terminal as the page sets one up (app/src/term/live), without a display.
import headless from "@xterm/headless";
import { UnicodeGraphemesAddon } from "./unicode.mjs";

/** Colours that the page's parser handlers keep from xterm.js when a `?` asks for them. */
const OSC_COLOURS = [4, 10, 11, 12];

export function open({ cols, rows, scrollback }) {
  const terminal = new headless.Terminal({ allowProposedApi: true, cols, rows, scrollback, logLevel: "off" });
  terminal.loadAddon(new UnicodeGraphemesAddon());
  for (const number of OSC_COLOURS) terminal.parser.registerOscHandler(number, (data) => data.includes("?"));
  for (const prefix of [undefined, "?"]) {
    terminal.parser.registerCsiHandler({ prefix, final: "J" }, (params) => eraseAbove(terminal, params));
  }
  terminal.palette = followPalette(terminal);
  return terminal;
}

/** As `erase_above` in app/src/term/live/queries.rs: xterm.js 6.0 throws there, and draws nothing any more. */
function eraseAbove(terminal, params) {
  const buffer = terminal.buffer.active;
  if (params[0] !== 1 || buffer.cursorX + 1 < terminal.cols || buffer.cursorY + 1 < buffer.length) return false;
  terminal._core._inputHandler.eraseInDisplay({ params: [2] });
  return true;
}

/** Without a display nothing keeps the colours that programs set: they are noted as a display would. */
function followPalette(terminal) {
  const SET = 1;
  const RESTORE = 2;
  const PALETTE = 256;
  const palette = new Map();
  terminal._core._inputHandler.onColor((changes) => {
    for (const { type, index, color } of changes) {
      if (type === SET) palette.set(index, color.join());
      else if (type === RESTORE && index !== undefined) palette.delete(index);
      else if (type === RESTORE) for (const one of [...palette.keys()]) if (one < PALETTE) palette.delete(one);
    }
  });
  return palette;
}

/** Does what the ops say, in order: `{write: hex}`, `{resize: [cols, rows]}`, `{reset: true}`. */
export function run(terminal, ops) {
  for (const op of ops) {
    if (op.write !== undefined) write(terminal, Buffer.from(op.write, "hex"));
    else if (op.resize) terminal.resize(...op.resize);
    else if (op.reset) terminal.reset();
    else throw new Error(`unknown op ${JSON.stringify(op)}`);
  }
}

/** At once: the public `write` comes back later. */
function write(terminal, bytes) {
  if (bytes.length > 0) terminal._core._writeBuffer.writeSync(bytes);
}
