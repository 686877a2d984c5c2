import { expect, test } from "vitest";
import { type ComparisonOptions, comparisonKey, comparisons, contestantName, contestantsOf } from "./comparison.js";

const all: ComparisonOptions = {
  networks: [{ architecture: "resnet18", size: 224 }],
  bits: [4, 2],
  tiers: ["auto", "simd"],
  threads: 1,
  runtimes: ["ort-web", "ort-node"],
};
const keys = (options: Partial<ComparisonOptions>) => comparisons({ ...all, ...options }).map(comparisonKey);

test("keys name network, size, bit widths, tier, threads and peer", () => {
  expect(keys({ bits: [4] })).toEqual([
    "resnet18-224-w4a4/ort-web-float32",
    "resnet18-224-w4a4/ort-web-int8",
    "resnet18-224-w4a4/ort-node-float32",
    "resnet18-224-w4a4/ort-node-int8",
    "resnet18-224-w4a4-simd/ort-web-float32",
    "resnet18-224-w4a4-simd/ort-web-int8",
    "resnet18-224-w4a4-simd/ort-node-float32",
    "resnet18-224-w4a4-simd/ort-node-int8",
  ]);
  expect(keys({ bits: [4], tiers: ["scalar"], runtimes: ["ort-web"], only: ["int8"] })).toEqual([
    "resnet18-224-w4a4-scalar/ort-web-int8",
  ]);
});

test("2 bits are compared with 4 bits of the same tier, several threads with one", () => {
  expect(keys({ only: ["/own"] })).toEqual(["resnet18-224-w2a2/own-w4a4", "resnet18-224-w2a2-simd/own-w4a4-simd"]);
  expect(keys({ bits: [2], only: ["/own"] })).toEqual([]);
  expect(keys({ bits: [4], threads: 2, tiers: ["auto"], runtimes: ["ort-node"] })).toEqual([
    "resnet18-224-w4a4-2t/ort-node-float32",
    "resnet18-224-w4a4-2t/ort-node-int8",
    "resnet18-224-w4a4-2t/own-1t",
  ]);
});

test("what threads gain is measured at 4 bits on the best tier, between our own", () => {
  expect(keys({ scaleTo: 2, only: ["2t"] })).toEqual(["resnet18-224-w4a4-2t/own-1t"]);
  expect(keys({ scaleTo: 2, bits: [8], only: ["2t"] })).toEqual([]);
  expect(keys({ scaleTo: 1, only: ["1t"] })).toEqual([]);
});

test("no two comparisons share a key", () => {
  const found = keys({ bits: [2, 3, 4, 8], tiers: ["auto", "fused", "relaxed", "simd", "scalar"], threads: 2 });
  expect(new Set(found).size).toBe(found.length);
});

test("everybody takes part once, under a name of their own", () => {
  const names = contestantsOf(comparisons({ ...all, threads: 2 })).map(contestantName);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain("own-w4a4");
  expect(names).toContain("own-w4a4-2t");
  const one = contestantsOf(comparisons({ ...all, only: ["w2a2/own"] })).map(contestantName);
  expect(one).toEqual(["own-w2a2", "own-w4a4"]);
});
