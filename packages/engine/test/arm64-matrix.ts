/**
 * @file Every kernel against the reference, as a script for a Node that has no test runner. Its arguments k and n choose every n-th
 * case from the k-th on: the emulator frees no memory of a model before the process ends.
 */

import { checkCombination, combinations, families, fillCount, tiers } from "./kernel-matrix.js";

const [part, parts] = process.argv.slice(2).map(Number) as [number, number];
let seen = 0;
let checked = 0;
for (const tier of tiers)
  for (const [family, cases] of Object.entries(families))
    for (const [i, shape] of cases.entries())
      for (const [j, options] of combinations.entries())
        if (j % fillCount === (Math.floor(j / fillCount) + i) % fillCount && seen++ % parts === part) {
          await checkCombination(family, shape, options, tier);
          checked++;
        }
console.log(JSON.stringify({ tiers, checked }));
