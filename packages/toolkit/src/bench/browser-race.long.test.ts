/** The bench in headless Chromium. Skipped where there is none. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { raceInBrowser } from "./browser-race.js";
import { comparisons } from "./comparison.js";
import { benchEngine } from "./engine-bench.js";

test.skipIf(!existsSync("/usr/bin/chromium"))("a small network against onnxruntime-web in Chromium", async () => {
  const { browser, runRace, close } = await raceInBrowser();
  try {
    expect(browser).toMatch(/^Chromium \d+/);
    const wanted = comparisons({
      networks: [{ architecture: "resnet20", size: 16 }],
      bits: [8],
      tiers: ["relaxed"],
      threads: 1,
      runtimes: ["ort-web"],
    });
    const turns: number[] = [];
    const { results, ratios } = await benchEngine({
      comparisons: wanted,
      turns: 2,
      seed: 2,
      runRace,
      onStep: (_, done) => done !== undefined && turns.push(done),
    });
    expect(Object.keys(ratios)).toEqual(["resnet20-16-w8a8/ort-web-float32", "resnet20-16-w8a8/ort-web-int8"]);
    for (const { correlation } of results) expect(correlation).toBeGreaterThan(0.99);
    expect(turns).toEqual([1, 2]);
  } finally {
    await close();
  }
});
