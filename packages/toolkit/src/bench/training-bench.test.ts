import { describe, expect, test } from "vitest";
import { findPytorch } from "./pytorch.js";
import { benchTraining } from "./training-bench.js";
import { trainingNetworks, usualBatch } from "./training-networks.js";
import { profileTraining } from "./training-profile.js";

const tiny = { architecture: "resnet8", size: 8, batchSize: 4 } as const;
const common = { networks: [tiny], bits: [4], turns: 2, seed: 0, threads: 1 } as const;

describe("training steps in turn", () => {
  test("give times by contestant and ratios by comparison, of wall and of processor time", async () => {
    const turns: (number | undefined)[] = [];
    const onStep = (_: string, done?: number) => turns.push(done);
    const { results, ratios, cpuRatios } = await benchTraining({ ...common, python: undefined, onStep });
    expect(turns.at(-1)).toBe(common.turns);
    expect(results.map(({ network, contestant, batchSize }) => [network, contestant, batchSize])).toEqual([
      ["resnet8-8", "float", 4],
      ["resnet8-8", "w4a4", 4],
    ]);
    expect(Object.keys(ratios)).toEqual(["resnet8-8/w4a4/float"]);
    expect(Object.keys(cpuRatios)).toEqual(Object.keys(ratios));
    for (const { milliseconds, imagesPerSecond } of results)
      expect(imagesPerSecond * milliseconds).toBeCloseTo(4000, 6);
  }, 60_000);

  test("race PyTorch on the same network, where a Python has it", async ({ skip }) => {
    const peer = await findPytorch();
    if (!peer) return skip();
    const { ratios } = await benchTraining({ ...common, python: peer.python });
    expect(Object.keys(ratios)).toEqual(["resnet8-8/pytorch", "resnet8-8/w4a4/float", "resnet8-8/w4a4/pytorch"]);
    for (const ratio of Object.values(ratios)) expect(ratio).toBeGreaterThan(0);
  }, 120_000);

  test("leave out what is not wanted", async () => {
    const { results } = await benchTraining({ ...common, python: undefined, wanted: () => false });
    expect(results).toEqual([]);
  });
});

test("a profile shares all of a step's time out to what is done", async () => {
  const profile = await profileTraining(tiny, 4, { steps: 2, seed: 0, threads: 1 });
  const sum = (list: readonly { readonly milliseconds: number }[]) =>
    list.reduce((total, { milliseconds }) => total + milliseconds, 0);
  expect(sum(profile.parts)).toBeCloseTo(profile.milliseconds, 6);
  expect(sum(profile.operators)).toBeCloseTo(profile.milliseconds, 6);
  const parts = profile.parts.map(({ name }) => name);
  expect(parts).toEqual(
    expect.arrayContaining([
      "convolution",
      "input gradient",
      "weight gradient",
      "quantization",
      "quantization gradient",
      "batch norm gradient",
      "loss and update",
    ]),
  );
}, 60_000);

test("networks have the batch that suits their size", () => {
  expect(usualBatch({ architecture: "resnet18", size: 112 })).toBe(16);
  expect(usualBatch({ architecture: "resnet18", stem: "cifar", size: 32 })).toBe(64);
  expect(usualBatch({ architecture: "resnet34", size: 32 })).toBe(64);
  expect(new Set(trainingNetworks.map(({ batchSize }) => batchSize)).size).toBeGreaterThan(1);
});
