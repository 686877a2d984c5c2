import { createReference, type Program, writeSbq } from "@subbyte/engine";
import { expect, test } from "vitest";
import { Random } from "../random.js";
import { integerClassifier } from "./integer-classifier.js";

const random = new Random(1);
const x = { name: "x", shape: [3, 4, 4], bits: 8, scale: 0.125, zeroPoint: 100 };

/** 48 bytes to 5 logits by one linear layer. */
const program: Program = {
  name: "linear",
  tensors: [x, { ...x, name: "flat", shape: [48] }],
  input: 0,
  inputTables: Array.from({ length: 3 }, () => Uint8Array.from({ length: 256 }, (_, p) => p)),
  operators: [
    { op: "reshape", name: "flatten", input: 0, output: 1 },
    {
      op: "linear",
      name: "fc",
      input: 1,
      weights: {
        bits: 4,
        shape: [5, 48],
        codes: Int8Array.from({ length: 240 }, () => random.integer(15) - 7),
        scales: Float32Array.of(0.5, 0.25, 1, 2, 0.75),
      },
      bias: Int32Array.of(1, -2, 3, -4, 5),
    },
  ],
  classes: 5,
  preprocessing: {
    channels: 3,
    height: 4,
    width: 4,
    resize: "exact",
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
  },
  provenance: {},
};

test("every tier and number of threads gives the reference's logits, in order", async () => {
  const sbq = writeSbq(program);
  const count = 7;
  const images = Uint8Array.from({ length: 48 * count }, () => random.integer(256));
  const expected = createReference(program).run(images, count);
  for (const tier of ["scalar", "simd", "auto"] as const)
    for (const threads of [1, 2, 3]) {
      const classifier = await integerClassifier(sbq, { threads, tier });
      try {
        expect(classifier).toMatchObject({ threads, ...(tier === "auto" ? {} : { tier }) });
        expect(await classifier.classify({ images, count, labels: new Int32Array(count) })).toEqual(expected);
      } finally {
        await classifier.close();
      }
    }
});
