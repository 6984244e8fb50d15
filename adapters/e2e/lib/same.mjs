// Deep equality for large things: `assert.deepEqual` takes minutes to draw the difference of two long lists.
import assert from "node:assert/strict";
import { inspect, isDeepStrictEqual } from "node:util";

const short = (x) => inspect(x, { depth: 4, maxArrayLength: 8, maxStringLength: 120, breakLength: Infinity });

/** Like `assert.deepEqual`; of two lists it shows only where they begin to differ. */
export function same(actual, expected) {
  if (isDeepStrictEqual(actual, expected)) return;
  if (!Array.isArray(actual) || !Array.isArray(expected)) assert.fail(`${short(actual)}\nshould be ${short(expected)}`);
  let at = 0;
  while (at < Math.min(actual.length, expected.length) && isDeepStrictEqual(actual[at], expected[at])) at++;
  const lengths = `(${actual.length} elements, ${expected.length} expected)`;
  assert.fail(`from [${at}] on ${lengths}: ${short(actual.slice(at, at + 5))}\nshould be ${short(expected.slice(at, at + 5))}`);
}
