/** The bench in headless Chromium. Skipped where there is none. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeOnnx } from "@subbyte/graph";
import { expect, test } from "vitest";
import { bench } from "../tasks/bench.js";
import { raceInBrowser } from "./browser-race.js";
import { comparisons } from "./comparison.js";
import { benchEngine } from "./engine-bench.js";
import { benchNetwork } from "./network.js";
import { quantizedFile } from "./quantized.js";

const inChromium = test.skipIf(!existsSync("/usr/bin/chromium"));

inChromium("a small network against every peer in Chromium", async () => {
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

inChromium("files of one network in every runtime of a page", async () => {
  const folder = mkdtempSync(join(tmpdir(), "subbyte-bench-"));
  const [model, float] = [join(folder, "net.sbq"), join(folder, "net.onnx")];
  try {
    const network = await benchNetwork("resnet20", 16, { seed: 2 });
    writeFileSync(model, await quantizedFile(network, 8));
    writeFileSync(float, writeOnnx(network.graph));
    const result = await bench({ model, against: [float], browser: true, turns: 2 });
    if (result.kind !== "against") throw new Error(result.kind);
    expect(result.browser).toMatch(/^Chromium \d+/);
    expect(result.times.map(({ runtime }) => runtime)).toEqual(["engine", "onnxruntime-web", "LiteRT.js", "tfjs-wasm"]);
    for (const { runtime, cpuRatio, correlation } of result.times) {
      expect(cpuRatio, runtime).toBeGreaterThan(0);
      expect(correlation, runtime).toBeGreaterThan(0.95);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
