import { describe, expect, test } from "vitest";
import { checkCombination, combinations, families, fillCount, kernelsSeen, tiers } from "../../test/kernel-matrix.js";
import { fusedProduct } from "../wasm/fused-product.js";

/** Every size with every width, one fill each; `conv.long.test.ts` has all fills. */
describe.each(tiers)("%s", (tier) => {
  for (const [family, cases] of Object.entries(families))
    describe(family, () => {
      test.each(cases.map((c, i) => ({ ...c, i })))("$label", async ({ i, ...c }) => {
        for (const [j, options] of combinations.entries())
          if (j % fillCount === (Math.floor(j / fillCount) + i) % fillCount)
            await checkCombination(family, c, options, tier);
      });
    });
});

test("every kernel and every flush ran", () => {
  const plain = [
    "convD8",
    "convP4",
    "convP4, flushed",
    "depthwiseByteColumns",
    "depthwiseByteNarrow",
    "depthwiseByteWide",
    "depthwiseWordColumns",
    "depthwiseWordNarrow",
    "depthwiseWordWide",
    "winograd4D8",
    "winogradD8",
  ];
  const relaxed = ["convR4", "convR4, flushed", "convR8", "winogradR4", "winogradR4, flushed"];
  const fused =
    fusedProduct() === "signed"
      ? ["convS8", "depthwiseF8Columns", "depthwiseS8Columns", "winogradS8"]
      : ["convF8", "depthwiseF8Columns", "winogradF8"];
  const expected = [...plain, ...(tiers.includes("relaxed") ? relaxed : []), ...(tiers.includes("fused") ? fused : [])];
  expect(kernelsSeen()).toEqual(expected.sort());
});
