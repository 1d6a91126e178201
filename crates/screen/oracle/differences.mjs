// Where two dumps differ, in words.

/** More lines than this are counted, not shown. */
const LINES_SHOWN = 4;

function leaves(path, expected, got, found) {
  const nested = (value) => value !== null && typeof value === "object";
  if (nested(expected) && nested(got)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(got)])) {
      leaves(path === "" ? key : `${path}.${key}`, expected[key], got[key], found);
    }
  } else if (expected !== got) {
    found.push(`${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
  }
}

function textOf(line) {
  const text = line.cells.map((cell) => {
    if (cell.startsWith("null width 0")) return "";
    if (cell.startsWith("null")) return "·";
    return JSON.parse(/^"(?:[^"\\]|\\.)*"/.exec(cell)[0]);
  });
  return text.join("").replace(/·+$/, "");
}

function lineDifference(where, expected, got) {
  if (expected === undefined || got === undefined) return undefined;
  const found = [];
  if (expected.wrapped !== got.wrapped) {
    found.push(`${where}: expected wrapped ${expected.wrapped}, got ${got.wrapped}`);
  }
  const differing = [];
  for (let x = 0; x < Math.max(expected.cells.length, got.cells.length); x += 1) {
    if (expected.cells[x] !== got.cells[x]) differing.push(x);
  }
  if (differing.length > 0) {
    const [x] = differing;
    found.push(`${where} column ${x}: expected ${expected.cells[x]}, got ${got.cells[x]} (${differing.length} cells differ)`);
  }
  if (found.length > 0) found.push(`  expected |${textOf(expected)}|`, `  got      |${textOf(got)}|`);
  return found.length > 0 ? found : undefined;
}

/** Sentences; empty if the dumps are the same. */
export function differences(expected, got) {
  const found = [];
  leaves("", expected.state, got.state, found);
  for (const name of Object.keys(expected.lines)) {
    const count = Math.max(expected.lines[name].length, got.lines[name].length);
    const lines = [];
    for (let y = 0; y < count; y += 1) {
      const difference = lineDifference(`${name} line ${y}`, expected.lines[name][y], got.lines[name][y]);
      if (difference) lines.push(difference);
    }
    found.push(...lines.slice(0, LINES_SHOWN).flat());
    if (lines.length > LINES_SHOWN) found.push(`${lines.length - LINES_SHOWN} more lines of ${name} differ`);
  }
  return found;
}
