// Which characters would join the one printed last: the part of xterm.js' memory of it that can be seen.
import { provider, width } from "./unicode.mjs";

/** One code point of each kind the add-on knows, found by width-table.mjs. */
const KINDS = [
  0x20, 0xa9, 0x300, 0x600, 0x903, 0x915, 0x94d, 0x1100, 0x1160, 0x11a8, 0x200c, 0x200d, 0x231a, 0x2e80, 0xac00, 0xac01,
  0xfe0f, 0xfe0e, 0x1f1e6, 0x1f3fb, 0x1f600, 0x20000, 0xd, 0xa1, 0x2764,
];
/** Characters looked ahead. */
const DEPTH = 3;

const asked = provider();
const classes = new Map();

function follow(value, depth) {
  if (depth === 0) return "";
  const seen = KINDS.map((point) => {
    const next = asked.charProperties(point, value);
    return `${next & 7}${follow(next, depth - 1)}`;
  });
  return seen.join();
}

/** The same for states that nobody can tell apart; 0 for none. */
export function joiningClass(value) {
  if (!classes.has(value)) {
    const known = value === 0 ? 0 : classes.size + 1;
    const seen = value === 0 ? "none" : `${width(value)} ${follow(value, DEPTH)}`;
    const same = [...classes.values()].find((one) => one.seen === seen);
    classes.set(value, same ?? { seen, number: known });
  }
  return classes.get(value).number;
}
