// One stream, drawn directly, against snapshots of it taken on the way.
import { differences } from "./differences.mjs";
import { dump, hash } from "./state.mjs";
import { open, run } from "./terminal.mjs";

/** What a terminal went through before it is reset and given a snapshot, when that is asked for. */
const USE = Buffer.from(
  "\x1b[?25l\x1b[20h\x1b[5 q\x1b]2;used\x07\x1b[4h\x1b[?6h\x1b[2;3r\x1b[3;4H\x1b7\x1b(0\x0e\x1b[?1000;1006;2004;1004;1h\x1b=" +
    "\x1b[1;4:3;31;44mused\x1b[3g\x1b[?1049h\x1b[2;2rmore\x1b]4;1;#123456\x07\x1b]8;;http://used\x07x",
).toString("hex");

/**
 * `segments`: `{ops, snapshot: hex, size: [cols, rows]}`, the snapshot being taken after the ops. After each, a fresh
 * terminal that draws the snapshot must be what the direct one is; after the next segment's ops still; and, for every
 * `endEvery`-th, after all the rest. `details` of the failures are explained. `used`: terminals are not fresh but reset.
 */
export function judge({ cols, rows, scrollback, segments, endEvery = 1, details = 1, used = false }) {
  const size = { cols, rows, scrollback };
  const direct = drawDirectly(size, segments);
  const bad = [];
  for (let at = 0; at < direct.hashes.length; at += 1) {
    const failure = judgePoint(size, segments, direct.hashes, at, { endEvery, used });
    if (failure) bad.push({ segment: at, ...failure });
  }
  for (const failure of bad.slice(0, details)) failure.differences = explain(size, segments, failure, used);
  return { points: direct.hashes.length, bad, threw: direct.threw };
}

/** xterm.js itself may throw; what it would have drawn then is nobody's to say. */
function drawDirectly(size, segments) {
  const terminal = open(size);
  const hashes = [];
  try {
    for (const { ops } of segments) {
      run(terminal, ops);
      hashes.push(hash(terminal));
    }
  } catch (error) {
    return { hashes, threw: { segment: hashes.length, message: error.message } };
  }
  return { hashes };
}

function openWith(size, segment, used) {
  const [cols, rows] = segment.size;
  const terminal = open({ ...size, cols, rows });
  if (used) {
    run(terminal, [{ write: USE }, { reset: true }]);
  }
  run(terminal, [{ write: segment.snapshot }]);
  return terminal;
}

function judgePoint(size, segments, hashes, at, { endEvery, used }) {
  try {
    const terminal = openWith(size, segments[at], used);
    if (hash(terminal) !== hashes[at]) return { after: at };
    const last = hashes.length - 1;
    const until = at % endEvery === 0 ? last : Math.min(at + 1, last);
    for (let next = at + 1; next <= until; next += 1) {
      run(terminal, segments[next].ops);
      const looked = next === at + 1 || next === last;
      if (looked && hash(terminal) !== hashes[next]) return { after: next };
    }
    return undefined;
  } catch (error) {
    return { after: at, message: error.message };
  }
}

/** What differs, as soon as it does. */
function explain(size, segments, failure, used) {
  if (failure.message) return [`the terminal with the snapshot threw: ${failure.message}`];
  const direct = open(size);
  for (const { ops } of segments.slice(0, failure.segment + 1)) run(direct, ops);
  const terminal = openWith(size, segments[failure.segment], used);
  for (let next = failure.segment; ; ) {
    const found = differences(dump(direct), dump(terminal));
    if (found.length > 0 || next >= failure.after) {
      failure.after = next;
      return found;
    }
    next += 1;
    for (const one of [direct, terminal]) run(one, segments[next].ops);
  }
}
