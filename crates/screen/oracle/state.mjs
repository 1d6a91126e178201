// What a terminal shows and remembers, in a form that can be compared: `hash` for speed, `dump` for people.
//
// Both read xterm.js' internals, for the public interface hides too much. Everything that can ever be seen is
// compared as it is. These are the only liberties taken:
//  - A colour's number counts only where its mode says there is a colour.
//  - A cell that is marked to have extended attributes, but has neither underline style nor link, is as if unmarked.
//  - A single underline in the text's colour is the same however it is noted: xterm.js has two ways (DECALN: the other).
//  - Mode 2026 only says when to draw, and a display gives it up after a second: not compared.
//  - A wide character whose right half a narrower window cut off in the last column is as good as none.
//  - Links are compared by address and by which cells share one. Their numbers are one terminal's own. An id counts,
//    except that one starting with `sempre-` is as good as none: that is how a snapshot keeps the pieces of a link
//    together that the program gave no id.
//  - The column of the buffer that is not active: switching overwrites it.
//  - Tab stops past the last column don't count.
//  - Where the viewer has scrolled to is the viewer's, not the terminal's. Nor do the icon's name and the stack of
//    titles count: the page shows neither.
//  - What the last character could be joined by is compared by what would join it (joining.mjs).
//  - The parser's own state is not looked at: what follows is drawn alike or not.
import { joiningClass } from "./joining.mjs";

const NULL_CELL = 0x400000;
const COMBINED = 0x200000;
const EXTENDED = 0x10000000;
const EXT_STYLE = 0x1c000000;
const EXT_UNDERLINE_COLOUR = 0x3ffffff;
const EXT_SINGLE = 0x4000000;
const EXT_COLOUR = 0x3000000;
const UNDERLINE = 0x10000000;
const OWN_ID = /^sempre-/;

function colour(value) {
  switch ((value >>> 24) & 3) {
    case 0:
      return (value & 0xfc000000) >>> 0;
    case 3:
      return value >>> 0;
    default:
      return (value & 0xff0000ff) >>> 0;
  }
}

/** Style and colour of an underline. */
function underline(ext) {
  return (ext & EXT_STYLE) | colour(ext & EXT_UNDERLINE_COLOUR);
}

/** Numbers the links of one terminal in the order they are met. */
class Links {
  constructor(terminal) {
    this.service = terminal._core._oscLinkService;
    this.numbers = new Map([[0, 0]]);
    this.texts = [];
  }

  number(id) {
    let number = this.numbers.get(id);
    if (number === undefined) {
      const data = this.service.getLinkData(id);
      const name = data?.id !== undefined && !OWN_ID.test(data.id) ? ` id=${data.id}` : "";
      number = this.texts.push(data ? `${data.uri}${name}` : "(gone)");
      this.numbers.set(id, number);
    }
    return number;
  }
}

function width(content) {
  return (content >> 22) & 3;
}

/** Gives `cell(content, fg, bg, ext, link, combined)` every cell of a line, normalised. */
function walk(line, links, cell) {
  const data = line._data;
  for (let x = 0, at = 0; x < line.length; x += 1, at += 3) {
    const isHalf = x === line.length - 1 && width(data[at]) === 2;
    const content = isHalf ? NULL_CELL : data[at];
    let bg = colour(data[at + 2]);
    let ext = 0;
    let link = 0;
    if (bg & EXTENDED) {
      const extended = line._extendedAttrs[x];
      ext = extended ? underline(extended._ext) : 0;
      link = extended ? links.number(extended._urlId) : 0;
      const isPlain = (ext & EXT_STYLE) === EXT_SINGLE && !(ext & EXT_COLOUR) && data[at + 1] & UNDERLINE;
      if ((!(ext & EXT_STYLE) || isPlain) && link === 0) {
        ext = 0;
        bg = (bg & ~EXTENDED) >>> 0;
      }
    }
    const combined = content & COMBINED ? line._combined[x] : "";
    cell(content, colour(data[at + 1]), bg, ext, link, combined);
  }
}

function pen(attributes) {
  const { fg, bg } = attributes;
  return [colour(fg), colour(bg)];
}

function charsetName(charset) {
  return charset ? JSON.stringify(charset) : "";
}

function tabs(buffer, cols) {
  return Object.keys(buffer.tabs)
    .map(Number)
    .filter((column) => buffer.tabs[column] && column < cols)
    .sort((a, b) => a - b);
}

function bufferState(buffer, cols, isActive) {
  return {
    x: isActive ? buffer.x : undefined,
    y: buffer.y,
    lineCount: buffer.lines.length,
    ybase: buffer.ybase,
    scrollTop: buffer.scrollTop,
    scrollBottom: buffer.scrollBottom,
    tabs: tabs(buffer, cols),
    savedX: buffer.savedX,
    savedY: buffer.savedY,
    savedPen: pen(buffer.savedCurAttrData),
    savedCharset: charsetName(buffer.savedCharset),
  };
}

/** Everything but the lines. */
function remembered(terminal, links) {
  const core = terminal._core;
  const { buffers } = core._bufferService;
  const input = core._inputHandler;
  const charsets = core._charsetService;
  const { extended } = input._curAttrData;
  return {
    cols: terminal.cols,
    rows: terminal.rows,
    active: terminal.buffer.active.type,
    normal: bufferState(buffers.normal, terminal.cols, buffers.active === buffers.normal),
    alternate: bufferState(buffers.alt, terminal.cols, buffers.active === buffers.alt),
    pen: [...pen(input._curAttrData), underline(extended._ext), links.number(extended._urlId)],
    glevel: charsets.glevel,
    charset: charsetName(charsets.charset),
    charsets: [0, 1, 2, 3].map((at) => charsetName(charsets._charsets[at])),
    modes: { ...core.coreService.modes },
    decPrivateModes: { ...core.coreService.decPrivateModes, synchronizedOutput: undefined },
    cursorHidden: core.coreService.isCursorHidden,
    convertEol: core.options.convertEol,
    cursorBlink: core.options.cursorBlink,
    cursorStyle: core.options.cursorStyle,
    mouseProtocol: core.coreMouseService.activeProtocol,
    mouseEncoding: core.coreMouseService.activeEncoding,
    title: input._windowTitle,
    palette: Object.fromEntries([...terminal.palette].sort(([a], [b]) => a - b)),
    joining: joiningClass(input._parser.precedingJoinState),
  };
}

function both(terminal) {
  const { normal, alt } = terminal._core._bufferService.buffers;
  return { normal, alternate: alt };
}

/** A number that differs where anything differs, unless by a chance of 2^-53. */
export function hash(terminal) {
  const links = new Links(terminal);
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  const add = (value) => {
    high = Math.imul(high ^ value, 0x01000193) ^ (low >>> 15);
    low = Math.imul(low ^ value, 0x5bd1e995) ^ (high >>> 13);
  };
  const addText = (text) => {
    for (let at = 0; at < text.length; at += 1) add(text.charCodeAt(at));
    add(-text.length - 1);
  };
  const cell = (content, fg, bg, ext, link, combined) => {
    add(content);
    add(fg);
    add(bg);
    if (ext !== 0) add(ext);
    if (link !== 0) add(link);
    if (combined !== "") addText(combined);
  };
  for (const buffer of Object.values(both(terminal))) {
    for (let y = 0; y < buffer.lines.length; y += 1) {
      const line = buffer.lines.get(y);
      add(line.isWrapped ? 1 : 2);
      walk(line, links, cell);
    }
  }
  addText(JSON.stringify(remembered(terminal, links)));
  addText(links.texts.join("\n"));
  return (high >>> 0) * 0x200000 + (low >>> 11);
}

const FLAGS = {
  fg: { 26: "inverse", 27: "bold", 28: "underline", 29: "blink", 30: "invisible", 31: "strikethrough" },
  bg: { 26: "italic", 27: "dim", 28: "extended", 29: "protected", 30: "overline" },
};
const STYLES = ["", "single", "double", "curly", "dotted", "dashed"];

function colourText(value) {
  const number = value & 0xffffff;
  const modes = ["", `ansi ${number}`, `palette ${number & 0xff}`, `#${number.toString(16).padStart(6, "0")}`];
  return modes[(value >>> 24) & 3];
}

function flags(names, value) {
  return Object.entries(names)
    .filter(([bit]) => (value >>> bit) & 1)
    .map(([, name]) => name);
}

function attributes(fg, bg, ext, link, links) {
  const parts = [...flags(FLAGS.fg, fg), ...flags(FLAGS.bg, bg)];
  if (colourText(fg)) parts.push(`fg ${colourText(fg)}`);
  if (colourText(bg)) parts.push(`bg ${colourText(bg)}`);
  if (ext & EXT_STYLE) parts.push(`style ${STYLES[(ext >>> 26) & 7]}`);
  if (colourText(ext)) parts.push(`line ${colourText(ext)}`);
  if (link) parts.push(`link ${link} <${links.texts[link - 1]}>`);
  return parts.join(", ");
}

function cellText(content, combined) {
  const point = content & 0x1fffff;
  if (combined !== "") return JSON.stringify(combined);
  return point === 0 ? "null" : JSON.stringify(String.fromCodePoint(point));
}

function lineDump(line, links) {
  const cells = [];
  walk(line, links, (content, fg, bg, ext, link, combined) => {
    const style = attributes(fg, bg, ext, link, links);
    cells.push(`${cellText(content, combined)} width ${width(content)}${style && ` (${style})`}`);
  });
  return { wrapped: line.isWrapped, cells };
}

/** The whole terminal, readable. */
export function dump(terminal) {
  const links = new Links(terminal);
  const lines = {};
  for (const [name, buffer] of Object.entries(both(terminal))) {
    lines[name] = [];
    for (let y = 0; y < buffer.lines.length; y += 1) lines[name].push(lineDump(buffer.lines.get(y), links));
  }
  const state = remembered(terminal, links);
  for (const name of Object.keys(lines)) {
    const [fg, bg] = state[name].savedPen;
    state[name].savedPen = attributes(fg, bg, 0, 0, links);
  }
  const [fg, bg, ext, link] = state.pen;
  state.pen = attributes(fg, bg, ext, link, links);
  return { state, lines };
}
