/** Real threads on whole networks: the bits of one thread, in every tier, however many there are. */
import { describe, expect, test } from "vitest";
import { mobilenetV2, resnet18, resnet20 } from "../../scripts/networks.mjs";
import { tiers } from "../../test/kernel-matrix.js";
import { Random } from "../../test/programs.js";
import { writeSbq } from "../format/writer.js";
import { load } from "../load.js";

const bitWidths = [
  [8, 8],
  [4, 8],
  [4, 4],
  [3, 3],
  [2, 2],
] as const;
const cases = [
  ...bitWidths.map(([weights, activations]) => ({ name: "ResNet-20", make: resnet20, weights, activations, size: 32 })),
  { name: "ResNet-18", make: resnet18, weights: 4, activations: 4, size: 64 },
  { name: "MobileNet-v2", make: mobilenetV2, weights: 4, activations: 4, size: 64 },
];

describe.each(cases)("$name W$weights A$activations", ({ make, weights, activations, size }) => {
  test("tiers and threads", async () => {
    const file = writeSbq(make({ weights, activations, size, classes: 10 }));
    const images = new Random(weights).bytes(24 * 3 * size * size);
    const first = await load(file, { tier: "simd" });
    const expected = await first.run(images);
    expect(new Set(expected).size).toBeGreaterThan(24);
    for (const tier of tiers)
      for (const options of [
        { threads: 2 },
        { threads: 3, worker: true },
        { threads: 3, parallel: "images" },
      ] as const) {
        const model = await load(file, { tier, ...options });
        expect(model).toMatchObject({ tier, threads: options.threads });
        expect(await model.run(images)).toEqual(expected);
        model.dispose();
      }
  });
});
