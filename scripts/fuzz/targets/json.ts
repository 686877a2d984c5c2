/** @file Damage to JSON values. */

import type { Random } from "../../../packages/engine/test/programs.js";

/** Values that are put where others are expected. */
const strangers: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  2 ** 31,
  2 ** 53,
  1e308,
  "",
  "x",
  "F32",
  [],
  {},
  [[]],
  [0, 2 ** 52],
  [-1],
  { a: 1 },
];

/** A copy of an object with one to a few members replaced, added or removed, at any depth. */
export function changedJson<T>(value: T, random: Random): unknown {
  const root = structuredClone({ root: value }) as Record<string, unknown>;
  for (let changes = random.integer(0, 2); changes > 0; changes--) {
    let place: Record<string, unknown> = root;
    for (;;) {
      const key = random.pick(Object.keys(place));
      const next = place[key];
      if (typeof next === "object" && next !== null && Object.keys(next).length > 0 && random.next() < 0.8) {
        place = next as Record<string, unknown>;
        continue;
      }
      if (random.next() < 0.15) delete place[key];
      else if (random.next() < 0.1) place[random.pick(["__proto__", "extra", "constructor"])] = structuredClone(next);
      else place[key] = structuredClone(random.pick(strangers));
      break;
    }
    if (Object.keys(root).length === 0) return undefined;
  }
  return root.root;
}
