import { describe, test } from "vitest";
import { checkCombination, combinations, families, tiers } from "../../test/kernel-matrix.js";

describe.each(tiers)("%s", (tier) => {
  for (const [family, cases] of Object.entries(families))
    describe(family, () => {
      test.each(cases)("$label", async (c) => {
        for (const options of combinations) await checkCombination(family, c, options, tier);
      });
    });
});
