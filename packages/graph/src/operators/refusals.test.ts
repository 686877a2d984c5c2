/** The errors of shape inference for inputs that do not fit: node, found, needed. */

import { describe, expect, test } from "vitest";
import { buildSample } from "../../test/samples/build.js";
import { samples } from "../../test/samples/index.js";
import { ModelError } from "../errors.js";
import { inferTypes } from "../inference/infer-types.js";
import { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import type { Attributes } from "../ir/types.js";

const cases: readonly [op: string, shapes: readonly (readonly number[])[], attributes: Attributes, message: string][] =
  [
    [
      "Conv",
      [
        [1, 64, 16, 16],
        [64, 32, 3, 3],
      ],
      {},
      "the weight takes 32 channels per group, x has 64 and group is 1; needed: w.shape[1] · group = x.shape[1]",
    ],
    [
      "Conv",
      [
        [1, 4, 5, 5],
        [3, 2, 1, 1],
      ],
      { group: 2 },
      "3 output channels in 2 groups; needed: a multiple of the groups",
    ],
    ["Conv", [[1, 2, 5, 5], [3, 2, 3, 3], [2]], {}, "the bias has the shape [2]; needed: [3]"],
    [
      "Conv",
      [
        [1, 2, 5, 5],
        [3, 2, 3, 3],
      ],
      { kernel_shape: [5, 5] },
      "kernel_shape is [5,5], the weight's kernel [3,3]",
    ],
    [
      "Conv",
      [
        [1, 2, 2, 2],
        [3, 2, 3, 3],
      ],
      {},
      "the window spans 3, the padded input 2 on axis 0; needed: a larger image",
    ],
    [
      "Conv",
      [
        [1, 2, 5, 5],
        [3, 2, 3, 3],
      ],
      { pads: [1, 1] },
      "pads has 2 entries; needed: 4, for 2 spatial axes",
    ],
    [
      "Conv",
      [
        [1, 2, 5, 5],
        [3, 2, 3, 3],
      ],
      { strides: [0, 1] },
      "integers from 1",
    ],
    [
      "BatchNormalization",
      [[1, 4, 2, 2], [4], [4], [4], [3]],
      {},
      "a parameter of shape [3] for 4 channels; needed: [4]",
    ],
    ["Add", [[2, 3], [4]], {}, "shapes [2,3] and [4] differ on axis -1; needed: equal dimensions, or 1"],
    [
      "MatMul",
      [
        [2, 3],
        [4, 5],
      ],
      {},
      "inner dimensions 3 and 4 of [2,3] and [4,5]; needed: equal ones",
    ],
    [
      "Gemm",
      [
        [2, 3],
        [4, 3],
      ],
      {},
      "A has 3 columns, B 4 rows (after transposition); needed: equal numbers",
    ],
    ["Gemm", [[2, 3], [4, 3], [3]], { transB: 1 }, "C of shape [3]; needed: a shape that broadcasts to [2,4]"],
    ["Flatten", [[2, 3]], { axis: 3 }, "axis 3 on a value of 2 dimensions; needed: an axis in [-2, 1]"],
    ["Transpose", [[2, 3]], { perm: [0, 0] }, "perm is [0,0] for 2 dimensions; needed: each axis once"],
    [
      "Concat",
      [
        [2, 3],
        [3, 3],
      ],
      { axis: 1 },
      "shapes [2,3], [3,3]; needed: equal dimensions but on axis 1",
    ],
    ["MaxPool", [[1, 2, 4, 4]], { kernel_shape: [2, 2], storage_order: 1 }, "storage_order is column-major"],
  ];

test.each(cases)("%s of %j %j", (op, shapes, attributes, message) => {
  const g = new GraphBuilder("g");
  const inputs = shapes.map((shape, i) => g.input(`x${i}`, "float32", shape));
  g.output(g.op(op, inputs, attributes, { name: "layer1.0" }));
  const infer = () => inferTypes(g.build());
  expect(infer).toThrow(ModelError);
  expect(infer).toThrow(`${op} "layer1.0": `);
  expect(infer).toThrow(message);
});

test("Reshape names both counts", () => {
  const g = new GraphBuilder("g");
  g.output(g.op("Reshape", [g.input("x", "float32", [2, 3]), g.ints([4, 2])], {}, { name: "view" }));
  expect(() => inferTypes(g.build())).toThrow('Reshape "view": [2,3] has 6 elements, [4,2] 8; needed: as many');
});

describe("an input that is left out is named, or the operator does without", () => {
  test.each(samples.map((sample) => [`${sample.op} ${sample.label ?? ""}`, sample] as const))("%s", (_, sample) => {
    for (const [i] of sample.inputs.entries()) {
      const inputs = sample.inputs.map((tensor, at) => (at === i ? undefined : tensor));
      const { graph } = buildSample({ ...sample, inputs });
      try {
        inferTypes(graph);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
      }
    }
  });

  test.each(["Dropout", "Relu", "Softmax", "GlobalAveragePool", "Identity"])("%s without any", (op) => {
    const g = new GraphBuilder("g");
    g.output(g.op(op, [], {}, { name: "n" }));
    expect(() => inferTypes(g.build())).toThrow(`${op} "n": input 1 is missing`);
  });
});

test("positions are integers", () => {
  const g = new GraphBuilder("g");
  const x = g.input("x", "float32", [2, 3]);
  g.output(g.op("Slice", [x, g.constant(float32([0])), g.ints([1])], {}, { name: "n" }));
  expect(() => inferTypes(g.build())).toThrow('Slice "n": input 2 of type float32; needed: int64 or int32');
});
