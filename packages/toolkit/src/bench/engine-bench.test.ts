import { expect, test } from "vitest";
import { comparisonKey, comparisons } from "./comparison.js";
import { benchEngine } from "./engine-bench.js";
import { profileEngine } from "./profile.js";

const tiny = { architecture: "resnet20", size: 16 };

test("a small network against both runtimes", async () => {
  const wanted = comparisons({
    networks: [tiny],
    bits: [8, 4],
    tiers: ["simd", "scalar"],
    threads: 1,
    runtimes: ["ort-web", "ort-node"],
  });
  const steps: string[] = [];
  const { results, ratios, cpuRatios } = await benchEngine({
    comparisons: wanted,
    turns: 3,
    seed: 2,
    onStep: (step) => steps.push(step),
  });
  expect(Object.keys(ratios)).toEqual(wanted.map(comparisonKey));
  expect(Object.keys(cpuRatios!)).toEqual(Object.keys(ratios));
  for (const ratio of [...Object.values(ratios), ...Object.values(cpuRatios!)]) expect(ratio).toBeGreaterThan(0);
  expect(results.map(({ contestant }) => contestant).sort()).toEqual([
    "ort-node-float32",
    "ort-node-int8",
    "ort-web-float32",
    "ort-web-int8",
    "own-w4a4-scalar",
    "own-w4a4-simd",
    "own-w8a8-scalar",
    "own-w8a8-simd",
  ]);
  for (const { network, contestant, milliseconds, fastestMilliseconds, turns, correlation } of results) {
    expect(network).toBe("resnet20-16");
    expect(turns).toBe(3);
    expect(milliseconds).toBeGreaterThanOrEqual(fastestMilliseconds);
    expect(fastestMilliseconds).toBeGreaterThan(0);
    expect(correlation, contestant).toBeGreaterThan(contestant.includes("float32") ? 0.9999 : 0.9);
  }
  for (const { cpuMilliseconds } of results) expect(cpuMilliseconds).toBeGreaterThan(0);
  const likeness = (name: string) => results.find(({ contestant }) => contestant === name)!.correlation;
  expect(likeness("own-w4a4-simd")).toBe(likeness("own-w4a4-scalar"));
  expect(steps).toContain("resnet20-16: preparing int8");
  expect(steps.filter((step) => step.endsWith("measuring"))).toHaveLength(3);
});

test("a profile has every layer with its kernel", async () => {
  const profiles = await profileEngine(tiny, { bits: [4], tiers: ["simd"], runs: 2, seed: 2 });
  expect(profiles.map(({ network, bits, tier }) => [network, bits, tier])).toEqual([["resnet20-16", 4, "simd"]]);
  const layers = new Map(profiles[0]!.layers.map((layer) => [layer.name, layer]));
  const convolution = layers.get("layer1.0.conv1")!;
  expect(convolution.multiplyAdds).toBe(16 * 16 * 16 * 16 * 9);
  expect(convolution.kernels.length).toBeGreaterThan(0);
  expect(convolution.gmacPerSecond).toBeCloseTo(convolution.multiplyAdds / 1e6 / convolution.milliseconds, 6);
});
