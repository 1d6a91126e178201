// Prints the unicode add-on's rule as JSON lines, for the test that compares it with crates/screen/src/width:
// one line per value it can give: `by`: code points that lead to it from the start, `cells`, `joins`, and `runs`:
// for the code points from 0 on, how many in a row give the value of which line.
import { CODE_POINTS, joins, provider, width } from "./unicode.mjs";

const asked = provider();

function machine() {
  const values = [0];
  const by = [[]];
  const indices = new Map([[0, 0]]);
  for (let at = 0; at < values.length; at += 1) {
    const runs = [];
    for (let point = 0; point < CODE_POINTS; point += 1) {
      const value = asked.charProperties(point, values[at]);
      if (!indices.has(value)) {
        indices.set(value, values.length);
        values.push(value);
        by.push([...by[at], point]);
      }
      const index = indices.get(value);
      const last = runs.at(-1);
      if (last && last[1] === index) last[0] += 1;
      else runs.push([1, index]);
    }
    console.log(JSON.stringify({ by: by[at], cells: width(values[at]), joins: joins(values[at]), runs }));
  }
}

machine();
