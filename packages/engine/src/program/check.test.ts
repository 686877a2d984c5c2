import { describe, expect, test } from "vitest";
import { everyOperator } from "../../test/networks.js";
import { program, Random, tensor } from "../../test/programs.js";
import { FormatError } from "../errors.js";
import { checkProgram, memoryOf } from "./check.js";
import type { Operator, Program, QuantizedTensor } from "./program.js";

const base = everyOperator(new Random(1), { bits: 4 });
const indexOf = (name: string) => base.operators.findIndex((op) => op.name === name);

function withOperator(name: string, change: object): Program {
  const operators = base.operators.map((op) => (op.name === name ? ({ ...op, ...change } as Operator) : op));
  return { ...base, operators };
}

function withTensor(name: string, change: Partial<QuantizedTensor>): Program {
  return { ...base, tensors: base.tensors.map((t) => (t.name === name ? { ...t, ...change } : t)) };
}

function stem(change: object): object {
  const op = base.operators[0] as Extract<Operator, { op: "conv" }>;
  return { weights: { ...op.weights, ...change } };
}

test("the honest program passes", () => checkProgram(base));

describe("what does not fit is refused, and the message says where", () => {
  const cases: readonly (readonly [string, Program, string])[] = [
    [
      "strides",
      withOperator("stem", { strides: [0, 1] }),
      "operators[0].strides: must be an integer in [1, 1048576], is 0",
    ],
    ["three strides", withOperator("stem", { strides: [1, 1, 1] }), "operators[0].strides: needs 2 integers, has 3"],
    ["pads", withOperator("stem", { pads: [1, 1, 1, 1025] }), "operators[0].pads: must be an integer in [0, 1024]"],
    [
      "output size",
      withOperator("stem", { pads: [0, 1, 1, 1] }),
      "operators[0].output: must have 7 elements along axis 1, has 8",
    ],
    [
      "window",
      withOperator("stem", { dilations: [9, 9] }),
      "a window of 19 is larger than the padded input along axis 1",
    ],
    [
      "groups",
      withOperator("block", { groups: 3 }),
      "operators[2].groups: must divide 4 input and 4 output channels, is 3",
    ],
    [
      "weights of other groups",
      withOperator("block", { groups: 4 }),
      "operators[2].weights.shape: must be [4,1,3,3], is [4,2,3,3]",
    ],
    [
      "number of scales",
      withOperator("stem", stem({ scales: new Float32Array(3).fill(1) })),
      "operators[0].weights.scales: must hold 4",
    ],
    [
      "a scale of 0",
      withOperator("stem", stem({ scales: new Float32Array(4) })),
      "operators[0].weights.scales[0]: must be a finite",
    ],
    [
      "a NaN scale",
      withOperator("stem", stem({ scales: new Float32Array(4).fill(Number.NaN) })),
      "scales[0]: must be a finite",
    ],
    [
      "number of biases",
      withOperator("stem", { bias: new Int32Array(5) }),
      "operators[0].bias: must hold 4 values, holds 5",
    ],
    ["lo above hi", withOperator("stem", { lo: 9, hi: 8 }), "operators[0].lo: must be an integer in [0, 8], is 9"],
    [
      "hi above the highest code",
      withOperator("stem", { hi: 16 }),
      "operators[0].hi: must be an integer in [0, 15], is 16",
    ],
    [
      "residual shape",
      withOperator("block", { residual: { tensor: 0 } }),
      'residual.tensor: tensor "image" must have shape [4,8,8]',
    ],
    [
      "residual not yet there",
      withOperator("stem", { residual: { tensor: 2 } }),
      'reads tensor 2, "wide", before it is produced',
    ],
    [
      "residual nowhere",
      withOperator("stem", { residual: { tensor: 99 } }),
      "operators[0]: reads tensor 99; there are 15",
    ],
    [
      "shape of an add",
      withOperator("sum", { inputs: [0, 3] }),
      'operators[3].inputs[0]: tensor "image" must have shape [4,8,8]',
    ],
    [
      "table entries",
      withOperator("map", { table: new Uint8Array(16).fill(16) }),
      "operators[5].table[0]: must be at most 15",
    ],
    ["step 0", withOperator("slice", { steps: [0, 1, 1] }), "operators[6].steps: must be an integer in [1"],
    ["reshape", withTensor("flat", { shape: [31] }), "operators[11].output: shape [31] has another number of elements"],
    ["moved codes", withTensor("flat", { zeroPoint: 16 }), "must be an integer in [0, 15]"],
    ["moved scale", withTensor("flat", { scale: 1 }), "operators[11].output: moves codes, but scale"],
    [
      "pool area",
      withOperator("average", { kernel: [2049, 2048] }),
      "operators[10].kernel: must be an integer in [1, 4194304]",
    ],
    ["rescale by 2^70", withTensor("wide", { scale: 2 ** -80 }), "operators[1].output: gives a multiplier of"],
    ["rank 2", withTensor("stem", { shape: [4, 64] }), "tensors[1].shape: must be [C, H, W] or [C]"],
    ["linear without hi", withOperator("hidden", { hi: undefined }), "output, lo and hi must all be present"],
    [
      "input table",
      { ...base, inputTables: base.inputTables.slice(1) },
      "inputTables: must have one table per channel",
    ],
    ["input code", withTensor("image", { bits: 7, zeroPoint: 0 }), "inputTables[0][128]: must be at most 127, is 128"],
    ["accuracy", { ...base, provenance: { accuracy: { test: 91.7 } } }, "provenance.accuracy.test: must lie in [0, 1]"],
    ["hash", { ...base, provenance: { sourceHash: "x" } }, "provenance.sourceHash: must be a SHA-256"],
    [
      "infinite provenance",
      { ...base, provenance: { seed: Number.POSITIVE_INFINITY } },
      "provenance.seed: is Infinity",
    ],
  ];
  for (const [label, wrong, message] of cases)
    test(label, () => {
      expect(() => checkProgram(wrong)).toThrow(FormatError);
      expect(() => checkProgram(wrong)).toThrow(message);
    });

  test(`operator ${indexOf("logits")} is the last and only one to yield logits`, () => {
    const operators = [...base.operators, base.operators.at(-1)!];
    expect(() => checkProgram({ ...base, operators })).toThrow("operators[14]: yields logits before the end");
    expect(() => checkProgram({ ...base, operators: base.operators.slice(0, -1) })).toThrow("must yield the logits");
  });
});

test("a file of a few hundred bytes cannot ask for days of work", () => {
  const x = tensor("x", [1, 4096, 4096]);
  const flat = { ...x, name: "flat", shape: [4096 * 4096] };
  const window = { kernel: [2049, 2049], strides: [1, 1], pads: [1024, 1024, 1024, 1024], dilations: [1, 1] } as const;
  const endless = program(
    [x, { ...x, name: "y" }, flat, { ...x, name: "two", shape: [2] }],
    [
      { op: "maxPool", name: "p", input: 0, output: 1, ...window },
      { op: "reshape", name: "f", input: 1, output: 2 },
      { op: "slice", name: "s", input: 2, output: 3, starts: [0], steps: [1] },
      { op: "dequantize", name: "d", input: 3 },
    ],
  );
  expect(() => checkProgram(endless)).toThrow("program: needs 70437497208836 operations per image");
});

test("memory is counted before any is allocated", () => {
  const { parameters, arena, scratch, total } = memoryOf(base);
  const kept = 8 * (108 + 72) + 4 * (64 + 64) + 8 * 32;
  expect(parameters).toBe(3 * 256 + 600 + 8 * (4 + 4 + 10 + 10) + 16 + kept);
  expect(arena).toBeGreaterThanOrEqual(3 * 256);
  expect(scratch).toBeGreaterThan(8 * 4 * 100);
  expect(total).toBe(parameters + arena + scratch);
  checkProgram(base, { maxBytes: total });
  expect(() => checkProgram(base, { maxBytes: total - 1 })).toThrow(`program: needs ${total} bytes`);
});
