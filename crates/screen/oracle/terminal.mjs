// A terminal as the page sets one up (app/src/term/live), without a display.
import headless from "@xterm/headless";
import { UnicodeGraphemesAddon } from "./unicode.mjs";

/** Colours that the page's parser handlers keep from xterm.js when a `?` asks for them. */
const OSC_COLOURS = [4, 10, 11, 12];

export function open({ cols, rows, scrollback }) {
  const terminal = new headless.Terminal({ allowProposedApi: true, cols, rows, scrollback, logLevel: "off" });
  terminal.loadAddon(new UnicodeGraphemesAddon());
  copyClustersRight(terminal);
  for (const number of OSC_COLOURS) terminal.parser.registerOscHandler(number, (data) => data.includes("?"));
  for (const prefix of [undefined, "?"]) {
    terminal.parser.registerCsiHandler({ prefix, final: "J" }, (params) => eraseAbove(terminal, params));
  }
  // xterm.js forgets a link whose lines are gone even if the pen still draws with it.
  terminal._core._oscLinkService._removeMarkerFromLink = () => {};
  terminal.palette = followPalette(terminal);
  return terminal;
}

let clustersAreCopiedRight = false;

/**
 * When a changed width wraps lines anew, xterm.js 6.0 copies, with some cells of a row, the clusters of all that follow them,
 * over those the other row has there: characters of several code points turn into others. No program wrote that.
 */
function copyClustersRight(terminal) {
  if (clustersAreCopiedRight) return;
  clustersAreCopiedRight = true;
  const line = Object.getPrototypeOf(terminal._core._bufferService.buffers.normal.lines.get(0));
  const copy = line.copyCellsFrom;
  line.copyCellsFrom = function copyCellsFrom(source, from, to, length, inReverse) {
    const clusters = Object.entries(source._combined).filter(([x]) => x >= from && x < from + length);
    const { _data, _extendedAttrs } = source;
    copy.call(this, { _data, _extendedAttrs, _combined: Object.fromEntries(clusters) }, from, to, length, inReverse);
  };
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
    else if (op.resize) resize(terminal, ...op.resize);
    else if (op.reset) {
      terminal.held = undefined;
      terminal.reset();
    }
    else throw new Error(`unknown op ${JSON.stringify(op)}`);
  }
}

/**
 * Four of xterm.js' memories of a larger window are not kept, since no snapshot could tell them and programs draw anew:
 * columns of the alternate buffer that are cut off, which a wider window shows again; and the rows of an alternate
 * buffer that was not in use, more than which it then takes before it drops lines; and tab stops beyond the edge; and what
 * could be joined by a mark, though the cell may be gone.
 */
function resize(terminal, cols, rows) {
  terminal.resize(cols, rows);
  const { alt, normal } = terminal._core._bufferService.buffers;
  const blank = alt.getNullCell();
  for (let y = 0; y < alt.lines.length; y += 1) {
    const line = alt.lines.get(y);
    if (line.length > terminal.cols) line.resize(terminal.cols, blank);
  }
  for (const buffer of [normal, alt]) {
    for (const x of Object.keys(buffer.tabs)) if (x >= terminal.cols) delete buffer.tabs[x];
    for (let y = 0; y < buffer.lines.length; y += 1) cutEdge(buffer.lines.get(y), terminal.cols - 1, blank);
  }
  if (alt.lines.length === 0) alt.lines.maxLength = terminal.rows;
  terminal._core._inputHandler._parser.precedingJoinState = 0;
}

/** Half a character at the edge, of which a window made narrower took the other half: no snapshot could tell it. */
function cutEdge(line, last, blank) {
  if (line.getWidth(last) === 2) line.setCell(last, blank);
}

/**
 * At once: the public `write` comes back later. Characters are never cut, which xterm.js 6.0 takes badly: where the
 * bytes held back between two writes end in 0x80, as those of a dash (E2 80 | 94), it loses the character.
 */
function write(terminal, bytes) {
  const all = Buffer.concat([terminal.held ?? Buffer.alloc(0), bytes]);
  const whole = all.length - unfinished(all);
  terminal.held = all.subarray(whole);
  if (whole > 0) terminal._core._writeBuffer.writeSync(all.subarray(0, whole));
}

/** How many bytes at the end are the start of a character. */
function unfinished(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back];
    if (byte >= 0xc2 && byte <= 0xf4) {
      const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      return back < length ? back : 0;
    }
    if (byte < 0x80 || byte > 0xbf) return 0;
  }
  return 0;
}
