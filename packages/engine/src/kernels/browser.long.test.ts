/** The kernels in Chromium: the same matrix, as files, against the reference in Node. */

import { expect, test } from "vitest";
import { resnet20 } from "../../scripts/networks.mjs";
import { hasChromium, withEngineInChromium } from "../../test/chromium.js";
import { convProgram } from "../../test/convolutions.js";
import { combinations, expectedKernel, families, fillCount } from "../../test/kernel-matrix.js";
import { Random } from "../../test/programs.js";
import { randomProgram } from "../../test/random-program.js";
import { writeSbq } from "../format/writer.js";
import type * as Subbyte from "../index.js";
import type { Program } from "../program/program.js";
import { createReference } from "../reference/reference.js";
import type { Tier } from "../wasm/modules.js";

interface Case {
  readonly label: string;
  readonly program: Program;
  readonly kernel?: RegExp;
}

/** @param best  tier of the browser */
function casesOf(tier: Tier, best: Tier): Case[] {
  const highest = tier === "simd" ? 0 : tier === "fused" && best === "fused" ? 255 : 127;
  const cases: Case[] = [];
  for (const [family, shapes] of Object.entries(families))
    for (const [i, shape] of shapes.entries())
      for (const [j, options] of combinations.entries())
        if (j % fillCount === (Math.floor(j / fillCount) + i) % fillCount)
          cases.push({
            label: `${shape.label} ${JSON.stringify(options)}`,
            program: convProgram(shape, { ...options, zeroPoint: options.withResidual ? 2 : 0 }),
            kernel: expectedKernel(family, options, tier, highest),
          });
  for (let seed = 1; seed <= 50; seed++) cases.push({ label: `random ${seed}`, program: randomProgram(seed, 8) });
  for (const [weights, activations] of [
    [8, 8],
    [4, 4],
    [2, 2],
  ] as const)
    cases.push({ label: `ResNet-20 W${weights}A${activations}`, program: resnet20({ weights, activations }) });
  return cases;
}

test.skipIf(!hasChromium).each(["simd", "relaxed", "fused"] as const)("Chromium, %s", (tier) =>
  withEngineInChromium(async (page) => {
    const best = await page.evaluate(() =>
      (globalThis as unknown as { Subbyte: typeof Subbyte }).Subbyte.supportedTier(),
    );
    const cases = casesOf(tier, best);
    for (let first = 0; first < cases.length; first += 50) {
      const batch = cases.slice(first, first + 50);
      const images = batch.map(({ program }) =>
        new Random(3).bytes(program.tensors[program.input]!.shape.reduce((product, size) => product * size, 1)),
      );
      const found = await page.evaluate(
        async ({ files, tier, images }) => {
          const { compile, readSbq } = (globalThis as unknown as { Subbyte: typeof Subbyte }).Subbyte;
          const decode = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
          const results = [];
          for (const [i, file] of files.entries()) {
            const executable = await compile(readSbq(decode(file)), { tier, warmUp: false });
            const kernel = executable.kernels.find(({ name }) => name === "tested")?.kernel;
            results.push({ logits: [...executable.run(decode(images[i]!))], kernel, tier: executable.tier });
          }
          return results;
        },
        {
          files: batch.map(({ program }) => Buffer.from(writeSbq(program)).toString("base64")),
          images: images.map((image) => Buffer.from(image).toString("base64")),
          tier,
        },
      );
      for (const [i, { label, program, kernel }] of batch.entries()) {
        expect(found[i]!.tier, label).toBe(tier);
        if (kernel !== undefined) expect(found[i]!.kernel, label).toMatch(kernel);
        expect(found[i]!.logits, label).toEqual([...createReference(program).run(images[i]!)]);
      }
    }
  }),
);
