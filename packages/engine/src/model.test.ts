import { expect, test } from "vitest";
import { everyOperator, tinyNetwork } from "../test/networks.js";
import { program, Random, tensor } from "../test/programs.js";
import { InputError } from "./errors.js";
import { writeSbq } from "./format/writer.js";
import { loadModel, softmax } from "./model.js";
import { createReference } from "./reference/reference.js";

test("run gives the reference's logits, images of a batch one by one", () => {
  const p = everyOperator(new Random(5), { bits: 4 });
  const model = loadModel(writeSbq(p).buffer as ArrayBuffer);
  const images = new Random(6).bytes(3 * 192);
  const logits = model.run(images, 3);
  expect(logits).toEqual(createReference(p).run(images, 3));
  for (let n = 0; n < 3; n++)
    expect(logits.slice(10 * n, 10 * n + 10)).toEqual(model.run(images.subarray(192 * n, 192 * n + 192)));
  expect(() => model.run(images, 2)).toThrow(InputError);
});

test("classify ranks by logit, equal logits by index, with labels and probabilities that sum to 1", () => {
  const model = loadModel(writeSbq(tinyNetwork()));
  const image = { data: Uint8Array.of(9, 200, 3), height: 1, width: 1, channels: 3 };
  const [first, second] = model.classify(image);
  expect([first!.label, second!.label]).toEqual(["yes", "no"]);
  expect(first!.probability + second!.probability).toBeCloseTo(1, 12);
  expect(model.classify(image, { topK: 1 })).toEqual([first]);
  expect(() => model.classify(image, { topK: 0 })).toThrow("topK must be a positive integer");

  const x = tensor("x", [3, 1, 1]);
  const ties = program(
    [x, { ...x, name: "flat", shape: [3] }],
    [
      { op: "reshape", name: "flatten", input: 0, output: 1 },
      { op: "dequantize", name: "logits", input: 1 },
    ],
  );
  const ranked = loadModel(writeSbq(ties)).classify({ ...image, data: Uint8Array.of(4, 9, 4) });
  expect(ranked.map(({ index }) => index)).toEqual([1, 0, 2]);
  expect(ranked[0]).not.toHaveProperty("label");
});

test("softmax survives large logits", () => {
  expect([...softmax(Float32Array.of(3e38, 3e38, -3e38))]).toEqual([0.5, 0.5, 0]);
});

test("describe says what a person asks first", () => {
  expect(loadModel(writeSbq(everyOperator(new Random(1), { bits: 4 }))).describe()).toMatchInlineSnapshot(`
    "every operator: 3 × 8 × 8 bytes to 10 classes
    14 operators, 0.0119 million multiply-adds an image
    600 weights at 4.00 bits on average, 0.00881 MB of memory
    top-1 50.00 % on test/all"
  `);
});
