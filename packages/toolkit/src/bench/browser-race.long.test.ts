/** The bench in headless Chromium. Skipped where there is none. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { raceInBrowser } from "./browser-race.js";
import { comparisons } from "./comparison.js";
import { benchEngine } from "./engine-bench.js";

test.skipIf(!existsSync("/usr/bin/chromium"))("a small network against every peer in Chromium", async () => {
  const { browser, runRace, close } = await raceInBrowser();
  try {
    expect(browser).toMatch(/^Chromium \d+/);
    const wanted = comparisons({
      networks: [{ architecture: "resnet20", size: 16 }],
      bits: [8],
      tiers: ["auto"],
      threads: 1,
      runtimes: ["ort-web", "litert", "tfjs"],
    });
    const turns: number[] = [];
    const { results, ratios, cpuRatios, bestPeers } = await benchEngine({
      comparisons: wanted,
      turns: 2,
      seed: 2,
      runRace,
      onStep: (_, done) => done !== undefined && turns.push(done),
    });
    const peers = ["ort-web-float32", "ort-web-int8", "litert-float32", "litert-int8", "tfjs-float32"];
    expect(Object.keys(ratios)).toEqual(peers.map((peer) => `resnet20-16-w8a8/${peer}`));
    expect(Object.keys(cpuRatios!)).toEqual(Object.keys(ratios));
    expect(bestPeers.map(({ precision }) => precision).sort()).toEqual(["float32", "int8"]);
    for (const { contestant, cpuMilliseconds } of results) expect(cpuMilliseconds, contestant).toBeGreaterThan(0);
    for (const { contestant, correlation } of results)
      expect(correlation, contestant).toBeGreaterThan(contestant.includes("float32") ? 0.9999 : 0.99);
    expect(turns).toEqual([1, 2]);
  } finally {
    await close();
  }
});
