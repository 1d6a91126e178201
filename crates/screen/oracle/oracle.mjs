// The judge, driven by the tests of crates/screen: a JSON object per line on stdin, one per line back, in order.
//
//   {"judge": {cols, rows, scrollback, segments, endEvery?, details?, used?}}   see judge.mjs
//   {"dump":  {cols, rows, scrollback, ops}}     the whole terminal after the ops
//   {"view":  {cols, rows, scrollback, segments: [{ops}]}}   what can be read on the screen after each segment
//
// The answer is {"ok": …} or {"error": message}.
import { createInterface } from "node:readline";
import { judge } from "./judge.mjs";
import { dump } from "./state.mjs";
import { open, run } from "./terminal.mjs";
import { view } from "./view.mjs";

// xterm.js tells when its idle work took long.
console.warn = () => {};

const verbs = {
  judge,
  dump(request) {
    const terminal = open(request);
    run(terminal, request.ops);
    return dump(terminal);
  },
  view,
};

function answer(line) {
  try {
    const [[verb, request]] = Object.entries(JSON.parse(line));
    return { ok: verbs[verb](request) };
  } catch (error) {
    return { error: error.stack };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(`${JSON.stringify(answer(line))}\n`);
}
