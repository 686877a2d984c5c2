import { describe, expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf } from "../../test/passes.js";
import { toNumbers } from "../ir/tensor.js";
import type { Dim } from "../ir/types.js";
import { mergeAxes } from "./merge-axes.js";

const shuffled = (
  shape: readonly Dim[],
  split: readonly number[],
  perm: readonly number[],
  joined: readonly number[],
) =>
  graphOf(shape, (g, x) => {
    const apart = g.op("Reshape", [x, g.ints(split)], { allowzero: 0 });
    return [g.op("Reshape", [g.op("Transpose", [apart], { perm }), g.ints(joined)], {}, { name: "y" })];
  });

test.each([
  ["a channel shuffle", [0, 2, 3, 4, 5], [0, 2, 1, 3, 4], [0, 6, 4, 5], [0, 2, 3, 20], [0, 2, 1, 3]],
  ["one with the batch as the rest", [-1, 2, 3, 4, 5], [0, 2, 1, 3, 4], [-1, 6, 4, 5], [0, 2, 3, 20], [0, 2, 1, 3]],
  ["groups that stay together", [0, 3, 2, 4, 5], [0, 4, 1, 2, 3], [0, 120], [0, 24, 5], [0, 2, 1]],
  ["nothing that moves", [0, 2, 3, 4, 5], [0, 1, 2, 3, 4], [0, 120], [0, 120], [0, 1]],
] as const)("%s", async (_, split, perm, joined, target, permutation) => {
  const result = await expectPass(mergeAxes, shuffled(["N", 6, 4, 5], split, perm, joined));
  const [reshape, transpose] = result.nodes;
  expect(toNumbers(result.tensors.get(reshape!.inputs[1]!)!)).toEqual(target);
  expect(transpose!.attributes.perm).toEqual(permutation);
});

describe("left alone", () => {
  test.each([
    ["axes that are torn apart", [0, 2, 3, 20], [0, 2, 1, 3], [0, 6, 4, 5]],
    ["a batch that moves", [2, 6, 4, 5], [1, 0, 2, 3], [6, 40]],
    ["a batch that is divided", [-1, 1, 6, 4, 5], [0, 2, 1, 3, 4], [1, -1]],
  ] as const)("%s", (_, split, perm, joined) => {
    expectNoChange(mergeAxes, shuffled([2, 6, 4, 5], split, perm, joined));
  });
});
