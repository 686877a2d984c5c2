import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resnet20 } from "../../scripts/networks.mjs";
import { expectSame, tiers } from "../../test/kernel-matrix.js";
import { randomProgram } from "../../test/random-program.js";
import { fusedProduct } from "../wasm/fused-product.js";
import { highestByte } from "../wasm/modules.js";

describe.each(tiers)("%s", (tier) => {
  test("random programs of every operator", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 30 }), fc.integer({ min: 1, max: 16 }), async (seed, length) => {
        await expectSame(randomProgram(seed, length), tier);
      }),
      { numRuns: 150 },
    );
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
    const isByte = 2 ** activations - 1 <= highestByte(tier);
    const fused = fusedProduct() === "signed" ? "S8" : "F8";
    const bytes = tier === "relaxed" ? "winogradR4" : activations === 8 ? `conv${fused}` : `winograd${fused}`;
    expect(inner).toBe(isByte ? bytes : "winograd4D8");
  });
});
