import { expect, test } from "vitest";
import { bestPeers } from "./best-peers.js";
import { comparisonKey, comparisons } from "./comparison.js";

const list = comparisons({
  networks: [{ architecture: "resnet18", size: 224 }],
  bits: [4],
  tiers: ["auto"],
  threads: 1,
  scaleTo: 2,
  runtimes: ["ort-web", "litert", "tfjs"],
});
const ratios = {
  "ort-web-float32": 7,
  "ort-web-int8": 3.5,
  "litert-float32": 4.6,
  "litert-int8": 3.9,
  "tfjs-float32": 6,
};
const byKey = (of: Readonly<Record<string, number>>) =>
  Object.fromEntries(list.map((each) => [comparisonKey(each), of[comparisonKey(each).split("/")[1]!] ?? 1.8]));

test("the peer that ours leads least, for each precision; threads of our own are no peer", () => {
  expect(bestPeers(list, byKey(ratios))).toEqual([
    { network: "resnet18-224", ours: "own-w4a4", precision: "float32", peer: "litert-float32", ratio: 4.6 },
    { network: "resnet18-224", ours: "own-w4a4", precision: "int8", peer: "ort-web-int8", ratio: 3.5 },
  ]);
});

test("processor time decides where it was measured", () => {
  const cpu = { ...ratios, "litert-int8": 3 };
  expect(bestPeers(list, byKey(ratios), byKey(cpu)).map(({ peer, cpuRatio }) => [peer, cpuRatio])).toEqual([
    ["litert-float32", 4.6],
    ["litert-int8", 3],
  ]);
});
