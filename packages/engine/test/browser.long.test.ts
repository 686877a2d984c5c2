/** The same bytes, the same logits: Debian's Chromium against Node. Skipped where there is no Chromium. */
import { expect, test } from "vitest";
import type * as Subbyte from "../src/index.js";
import { createReference, preprocess, writeSbq } from "../src/index.js";
import { hasChromium, withEngineInChromium } from "./chromium.js";
import { everyOperator } from "./networks.js";
import { Random } from "./programs.js";

test.skipIf(!hasChromium)("Chromium gives Node's logits, bit for bit", () =>
  withEngineInChromium(async (page) => {
    for (const bits of [2, 3, 4, 5, 6, 7, 8])
      for (const linearLogits of [true, false]) {
        const random = new Random(100 + bits);
        const program = everyOperator(random, { bits, linearLogits });
        const images = random.bytes(20 * 192);
        const expected = [...createReference(program).run(images, 20)];
        for (const tier of ["scalar", "auto"] as const) {
          const found = await page.evaluate(
            async ({ file, input, tier }) => {
              const { load } = (globalThis as unknown as { Subbyte: typeof Subbyte }).Subbyte;
              const model = await load(Uint8Array.from(file), { tier, worker: false });
              return { logits: [...(await model.run(Uint8Array.from(input)))], tier: model.tier };
            },
            { file: [...writeSbq(program)], input: [...images], tier },
          );
          expect(found.logits).toEqual(expected);
          expect(found.tier).toMatch(tier === "auto" ? /^(relaxed|fused)$/ : /^scalar$/);
        }
      }

    const raw = { data: new Random(1).bytes(150 * 97 * 3), height: 97, width: 150, channels: 3 };
    const rule = {
      channels: 3,
      height: 32,
      width: 32,
      resize: "shorter-side",
      resizeTo: 40,
      mean: [],
      std: [],
    } as const;
    const resized = await page.evaluate(
      ({ data, preprocessing }) => {
        const { preprocess: inPage } = (globalThis as unknown as { Subbyte: typeof Subbyte }).Subbyte;
        return [...inPage({ data: Uint8Array.from(data), height: 97, width: 150, channels: 3 }, preprocessing)];
      },
      { data: [...raw.data], preprocessing: rule },
    );
    expect(resized).toEqual([...preprocess(raw, rule)]);
  }),
);
