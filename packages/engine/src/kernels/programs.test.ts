import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resnet20 } from "../../scripts/networks.mjs";
import { expectSame, tiers } from "../../test/kernel-matrix.js";
import { program, Random, tensor, withChannelWidths } from "../../test/programs.js";
import { randomProgram } from "../../test/random-program.js";

describe.each(tiers)("%s", (tier) => {
  test("random programs of every operator", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 30 }), fc.integer({ min: 1, max: 16 }), async (seed, length) => {
        await expectSame(randomProgram(seed, length), tier);
      }),
      { numRuns: 150 },
    );
  });

  test("a change of scale by itself, to channels of different widths in three vectors", async () => {
    const shape = [21, 3, 5];
    const uneven = withChannelWidths(tensor("uneven", shape), new Random(1));
    const rescaled = program(
      [tensor("image", [3, 21, 5]), tensor("turned", shape), uneven, tensor("flat", [315])],
      [
        { op: "transpose", name: "turn", input: 0, output: 1, permutation: [1, 0, 2] },
        { op: "rescale", name: "narrow", input: 1, output: 2, lo: 0, hi: 200 },
        { op: "reshape", name: "flat", input: 2, output: 3 },
        { op: "dequantize", name: "logits", input: 3 },
      ],
    );
    await expectSame(rescaled, tier);
  });

  test.each([
    [8, 8],
    [4, 8],
    [4, 4],
    [3, 3],
    [2, 2],
  ])("ResNet-20, W%dA%d", async (weights, activations) => {
    const kernels = await expectSame(resnet20({ weights, activations, classes: 10 }), tier);
    const inner = kernels.get("layer3.2.conv1");
    if (tier === "relaxed" && activations < 8) expect(inner).toBe("winogradR4");
    else expect(inner).toBe("winograd4D8");
  });
});
