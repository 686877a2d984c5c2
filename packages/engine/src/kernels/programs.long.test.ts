import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mobilenetV2, resnet18, resnet50 } from "../../scripts/networks.mjs";
import { expectSame, tiers } from "../../test/kernel-matrix.js";
import { randomProgram } from "../../test/random-program.js";
import { compile } from "./executable.js";
import { kernelBytes } from "./requirement.js";

describe.each(tiers)("%s", (tier) => {
  test.each(Object.entries({ resnet18, resnet50, mobilenetV2 }))("%s on small images", async (_, network) => {
    for (const [weights, activations] of [
      [8, 8],
      [4, 4],
      [2, 2],
    ] as const) {
      const program = network({ weights, activations, size: 65, classes: 10 });
      await expectSame(program, tier);
      expect((await compile(program, { tier, warmUp: false })).peakBytes).toBeLessThanOrEqual(
        kernelBytes(program, tier),
      );
    }
  });

  test("many random programs", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 30 }), fc.integer({ min: 1, max: 24 }), async (seed, length) => {
        await expectSame(randomProgram(seed, length), tier);
      }),
      { numRuns: 2000 },
    );
  });
});
