/** @file Every kernel against the reference, as one script for a Node that has no test runner. */

import { checkCombination, combinations, families, fillCount, tiers } from "./kernel-matrix.js";

let checked = 0;
for (const tier of tiers)
  for (const [family, cases] of Object.entries(families))
    for (const [i, shape] of cases.entries())
      for (const [j, options] of combinations.entries())
        if (j % fillCount === (Math.floor(j / fillCount) + i) % fillCount) {
          await checkCombination(family, shape, options, tier);
          checked++;
        }
console.log(JSON.stringify({ tiers, checked }));
