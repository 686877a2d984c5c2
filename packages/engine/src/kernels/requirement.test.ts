import { describe, expect, test } from "vitest";
import { mobilenetV2, resnet18, resnet20 } from "../../scripts/networks.mjs";
import { convProgram } from "../../test/convolutions.js";
import { combinations, families, tiers } from "../../test/kernel-matrix.js";
import { randomProgram } from "../../test/random-program.js";
import type { Program } from "../program/program.js";
import type { Tier } from "../wasm/modules.js";
import { layOut } from "./executable.js";
import { kernelBytes } from "./requirement.js";
import { scheduleSteps } from "./splitting/schedule.js";

/** The memory that a program takes, and the bound on it. */
async function measure(program: Program, tier: Tier, threads: number) {
  const { constants, emitter } = await layOut(program, tier, false);
  scheduleSteps(constants, emitter.steps, emitter.scratch.forThreads(threads));
  return { taken: constants.memory.buffer.byteLength, bound: kernelBytes(program, tier, threads) };
}

describe.each(tiers)("%s: no program takes more memory than is said before", (tier) => {
  test("whole networks, which take at least a quarter of it", async () => {
    for (const [network, bits] of [
      [resnet18, tier === "simd" ? 8 : 4],
      [resnet20, 4],
      [resnet20, 8],
      [mobilenetV2, tier === "simd" ? 4 : 8],
    ] as const) {
      const program = network({ weights: bits, activations: bits, size: network === resnet20 ? 32 : 64, classes: 9 });
      const { taken, bound } = await measure(program, tier, bits / 4);
      expect(taken).toBeLessThanOrEqual(bound);
      expect(taken).toBeGreaterThan(bound / 4);
    }
  });

  test("convolutions of all kinds, random programs", async () => {
    for (const cases of Object.values(families))
      for (const [i, c] of cases.entries())
        for (const [j, options] of combinations.entries())
          if ((i + j) % 17 === 0) {
            const { taken, bound } = await measure(convProgram(c, { ...options, zeroPoint: 1 }), tier, 1 + (j % 3));
            expect(taken).toBeLessThanOrEqual(bound);
          }
    for (let seed = 1; seed <= 30; seed++) {
      const { taken, bound } = await measure(randomProgram(seed, 1 + (seed % 14)), tier, 1 + (seed % 3));
      expect(taken).toBeLessThanOrEqual(bound);
    }
  });
});
