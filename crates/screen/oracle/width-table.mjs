// Prints crates/screen/src/width/table.rs: node width-table.mjs | rustfmt --edition 2024 > ../src/width/table.rs
//
// The unicode add-on is a black box here. It is a machine: what it says of a code point depends on the code point and
// on what it said of the one before. Every code point is asked in every state that can be reached, code points that
// never differ form a class, and states that nobody can tell apart become one.
import { CODE_POINTS, joins, provider, width } from "./unicode.mjs";

const BLOCK = 256;
const COLUMNS = 100;

const asked = provider();

/** All values the add-on can give, from 0 on, and which it gives for each code point after each. */
function observe() {
  const values = [0];
  const indices = new Map([[0, 0]]);
  const rows = [];
  for (let at = 0; at < values.length; at += 1) {
    const row = new Uint16Array(CODE_POINTS);
    for (let point = 0; point < CODE_POINTS; point += 1) {
      const value = asked.charProperties(point, values[at]);
      if (!indices.has(value)) {
        indices.set(value, values.length);
        values.push(value);
      }
      row[point] = indices.get(value);
    }
    rows.push(row);
  }
  return { values, rows };
}

/** Code points by what they do in every state. */
function classify(rows) {
  const classes = new Uint8Array(CODE_POINTS);
  const members = [];
  const known = new Map();
  for (let point = 0; point < CODE_POINTS; point += 1) {
    const effect = rows.map((row) => row[point]);
    const key = effect.join();
    if (!known.has(key)) {
      known.set(key, members.length);
      members.push(effect);
    }
    classes[point] = known.get(key);
  }
  return { classes, effects: members };
}

/** States that differ neither in what they say nor in what follows are one. State 0 is the value 0 alone. */
function merge(values, effects) {
  let groups = values.map((value) => (value === 0 ? -1 : value & 7));
  for (let count = 0; ; ) {
    const known = new Map();
    groups = values.map((_, at) => {
      const key = [groups[at], ...effects.map((effect) => groups[effect[at]])].join();
      if (!known.has(key)) known.set(key, known.size);
      return known.get(key);
    });
    if (known.size === count) return groups;
    count = known.size;
  }
}

function blocks(classes) {
  const kinds = [];
  const known = new Map();
  const index = [];
  for (let from = 0; from < CODE_POINTS; from += BLOCK) {
    const block = [...classes.subarray(from, from + BLOCK)];
    const key = block.join();
    if (!known.has(key)) {
      known.set(key, kinds.length);
      kinds.push(block);
    }
    index.push(known.get(key));
  }
  const rest = index.at(-1);
  while (index.at(-1) === rest) index.pop();
  return { kinds, index, rest };
}

function packed(numbers) {
  const lines = [""];
  for (const number of numbers) {
    const item = `${number},`;
    const line = lines.at(-1);
    if (line.length + item.length + 1 > COLUMNS) lines.push(item);
    else lines[lines.length - 1] = line === "" ? item : `${line} ${item}`;
  }
  return lines.map((line) => `    ${line}`).join("\n");
}

function letters(kinds) {
  const text = kinds.flat().map((one) => String.fromCharCode("a".charCodeAt(0) + one)).join("");
  return text.match(new RegExp(`.{1,${COLUMNS}}`, "g")).map((line) => `    ${line}\\`).join("\n");
}

const { values, rows } = observe();
const { classes, effects } = classify(rows);
const groups = merge(values, effects);
const states = new Set(groups).size;
const { kinds, index, rest } = blocks(classes);
const first = (group) => groups.indexOf(group);
const pack = (at) => groups[at] * 8 + (values[at] & 7);
const next = [...Array(states).keys()].map((state) => effects.map((effect) => pack(effect[first(state)])));

const ascii = classes[0x20];
for (let point = 0x20; point < 0x7f; point += 1) if (classes[point] !== ascii) throw new Error("ASCII differs");
const afterAscii = next[0][ascii];
if (next[afterAscii >> 3][ascii] !== afterAscii) throw new Error("ASCII after ASCII differs");
if (states > 32 || effects.length > 26 || kinds.length > 256) throw new Error("the table needs a wider layout");
for (const value of values) if (width(value) > 2 || (value === 0 && joins(value))) throw new Error("unknown value");

console.log(`//! Which code points make one cell, and how wide: what the unicode-graphemes add-on of xterm.js says, observed.
//!
//! Not written by hand: \`node width-table.mjs | rustfmt --edition 2024 > ../src/width/table.rs\` in
//! crates/screen/oracle asks the add-on about every code point in every state and prints this file. Code points that
//! never differ share a class, states that nobody can tell apart are one; a state is its number × 8 + cells of the
//! cluster × 2 + 1 if the point joined.

/// Code points in a block.
pub(super) const BLOCK: u32 = ${BLOCK};

/// Classes of code points.
pub(super) const CLASSES: usize = ${effects.length};

/// The class of a code point that no block covers.
pub(super) const REST: u8 = ${kinds[rest][0]};

/// The state after a printable ASCII character that follows nothing, or another one.
pub(super) const ASCII: u8 = ${afterAscii};

/// The state after a code point, by the number of the state before and the class of the point.
pub(super) static NEXT: [[u8; CLASSES]; ${states}] = [
${next.map((row) => `    [\n${packed(row)}\n    ],`).join("\n")}
];

/// Which block of [\`CLASS\`] describes a block of code points.
pub(super) static BLOCK_KIND: [u8; ${index.length}] = [
${packed(index)}
];

/// The classes of the code points of each kind of block, as letters from \`a\`.
pub(super) static CLASS: [u8; ${kinds.length * BLOCK}] = *b"\\
${letters(kinds)}
";`);
