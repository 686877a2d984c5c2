import { type ConvOperator, createReference, type LinearOperator } from "@subbyte/engine";
import { GraphBuilder } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { networks, normalizedPlanar, quantizedProgram, randomBytes, withClamp } from "../../../test/small-tflite.js";
import { isTflite, readTflite } from "./file.js";
import { graphToTflite } from "./graph-to-tflite.js";
import { permute } from "./layers.js";
import { programToTflite } from "./program-to-tflite.js";
import { measureRanges } from "./ranges.js";
import { operators, type Table, TensorType } from "./schema.js";

/** A file as tables: its tensors by name, and its operators by the name of what they compute. */
function tablesOf(bytes: Uint8Array) {
  const model = readTflite(bytes);
  const [graph] = model.subgraphs!;
  const tensors = graph!.tensors!;
  const nameOf = new Map(Object.entries(operators).map(([name, { code }]) => [code as number, name]));
  const steps = graph!.operators!.map(({ opcodeIndex, inputs, outputs, builtinOptions }) => ({
    op: nameOf.get(model.operatorCodes![opcodeIndex!]!.builtinCode!)!,
    inputs: inputs!.map((i) => tensors[i]!),
    output: tensors[outputs![0]!]!,
    options: builtinOptions?.fields as Readonly<Record<string, number>> | undefined,
  }));
  const data = ({ buffer }: Table<"Tensor">) => model.buffers![buffer!]!.data!;
  return {
    model,
    graph: graph!,
    steps,
    data,
    writerOf: (name: string) => steps.find(({ output }) => output.name === name)!,
  };
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

describe("int8", () => {
  test("weights, scales, biases and activations stand in the tables", async () => {
    const program = await quantizedProgram(networks["kitchen-sink"]!, { weights: 4, activations: 8 });
    const bytes = programToTflite(program);
    expect(isTflite(bytes)).toBe(true);
    const { model, graph, steps, data, writerOf } = tablesOf(bytes);
    expect(model).toMatchObject({ version: 3, signatureDefs: [{ signatureKey: "serving_default" }] });
    expect(graph.tensors![graph.inputs![0]!]).toMatchObject({
      name: "image",
      shape: [1, 16, 16, 3],
      type: TensorType.uint8,
    });
    expect(graph.tensors![graph.outputs![0]!]).toMatchObject({
      name: "logits",
      shape: [1, 5],
      type: TensorType.float32,
    });

    const convolutions = program.operators.filter((operator): operator is ConvOperator => operator.op === "conv");
    expect(convolutions.length).toBeGreaterThan(8);
    for (const { name, input, output, weights, bias, groups, residual } of convolutions) {
      const [from, to] = [input, output].map((id) => program.tensors[id]!);
      const step = steps.find(({ inputs }) => inputs[1]?.name === `${name}/weights`)!;
      const depthwise = groups > 1 && weights.shape[1] === 1;
      expect(step.op).toBe(depthwise ? "DEPTHWISE_CONV_2D" : "CONV_2D");
      const [, weightTensor, biasTensor] = step.inputs as [Table<"Tensor">, Table<"Tensor">, Table<"Tensor">];
      const [o, i, h, w] = weights.shape as [number, number, number, number];
      expect(weightTensor).toMatchObject({ type: TensorType.int8, shape: depthwise ? [1, h, w, o] : [o, h, w, i] });
      expect(weightTensor.quantization).toEqual({
        scale: weights.scales,
        zeroPoint: new Array(o).fill(0),
        quantizedDimension: depthwise ? 3 : 0,
      });
      const order = depthwise ? [1, 2, 3, 0] : [0, 2, 3, 1];
      expect(new Int8Array(data(weightTensor).buffer)).toEqual(permute(weights.codes, weights.shape, order));
      expect(new Int32Array(data(biasTensor).buffer)).toEqual(bias);
      expect(biasTensor.quantization!.scale).toEqual(weights.scales.map((scale) => scale * from!.scale));
      const result = residual ? writerOf(to!.name).output : step.output;
      const name8 = result.name!.replace(/\/unclamped$/, "");
      expect(name8).toBe(to!.name);
      expect(result).toMatchObject({
        shape: [1, to!.shape[1], to!.shape[2], to!.shape[0]],
        quantization: { scale: Float32Array.of(to!.scale), zeroPoint: [to!.zeroPoint - 128] },
      });
    }
    for (const { shape, buffer, type } of graph.tensors!) {
      const size = model.buffers![buffer!]!.data?.length;
      const element = type === TensorType.int8 || type === TensorType.uint8 ? 1 : 4;
      if (buffer !== 0) expect(size).toBe(element * product(shape!));
    }
  });

  test("logits are float32 of float32 weights, or int8 where their range is known", async () => {
    const program = await quantizedProgram(networks["kitchen-sink"]!, { weights: 8, activations: 8 });
    const head = program.operators.at(-1) as LinearOperator;
    const float = tablesOf(programToTflite(program));
    const { op, inputs } = float.writerOf("logits");
    expect(op).toBe("FULLY_CONNECTED");
    const fanIn = head.weights.shape[1]!;
    expect(new Float32Array(float.data(inputs[1]!).buffer)).toEqual(
      Float32Array.from(head.weights.codes, (code, i) => code * head.weights.scales[Math.floor(i / fanIn)]!),
    );
    const images = randomBytes(1, 12);
    const ranges = await measureRanges(
      program,
      (async function* () {
        yield normalizedPlanar(images);
      })(),
    );
    const logits = createReference(program).run(images, 12);
    const [low, high] = ranges.get(head.name)!;
    expect(low).toBeCloseTo(Math.min(0, ...logits), 2);
    expect(high).toBeCloseTo(Math.max(0, ...logits), 2);
    const integer = tablesOf(programToTflite(program, { ranges }));
    expect(integer.writerOf("logits").op).toBe("DEQUANTIZE");
    const codes = integer.writerOf("logits").inputs[0]!;
    expect(codes.quantization!.scale![0]).toBeCloseTo((high - low) / 255, 6);
    expect(new Int8Array(integer.data(integer.writerOf(codes.name!).inputs[1]!).buffer)).toEqual(head.weights.codes);
  });

  test("functions are recognized in their tables; others are indexed reads", async () => {
    const program = await quantizedProgram(networks.functions!, { weights: 8, activations: 8 });
    const { steps } = tablesOf(programToTflite(withClamp(program, "e")));
    const used = new Set(steps.map(({ op }) => op));
    for (const op of ["TANH", "LEAKY_RELU", "LOGISTIC", "GATHER", "PADV2", "MAXIMUM", "MINIMUM", "TRANSPOSE"])
      expect(used).toContain(op);
  });

  test("fewer activation bits are refused by the tensor's name", async () => {
    const program = await quantizedProgram(networks["kitchen-sink"]!, { weights: 8, activations: 4 });
    const narrow = program.tensors.filter(({ bits }) => bits < 8).map(({ name }) => name);
    expect(() => programToTflite(program)).toThrow(
      expect.objectContaining({ code: "no-tflite-form", data: expect.objectContaining({ tensors: narrow, found: 4 }) }),
    );
    expect(() => programToTflite(program)).toThrow(narrow[0]);
  });
});

describe("float32", () => {
  test("layers stand in the tables, activations are fused", () => {
    const graph = networks["kitchen-sink"]!;
    const { steps, data } = tablesOf(graphToTflite(graph));
    const stem = steps.find(({ inputs }) => inputs[1]?.name === "stem/weights")!;
    expect(stem).toMatchObject({ op: "CONV_2D", options: { padding: 0, activation: 1 } });
    const weights = graph.tensors.get("stem.weight")!;
    expect(new Float32Array(data(stem.inputs[1]!).buffer)).toEqual(
      permute(weights.data as Float32Array, weights.shape, [0, 2, 3, 1]),
    );
    expect(steps.some(({ op }) => op === "RELU")).toBe(false);
    expect(steps.filter(({ op }) => op === "HARD_SWISH")).toHaveLength(1);
  });

  test("an operator without a form is refused with its name", () => {
    const b = new GraphBuilder("softmax");
    b.output(b.op("Softmax", [b.op("Flatten", [b.input("x", "float32", ["N", 3, 2, 2])])], {}, { name: "last" }));
    expect(() => graphToTflite(b.build())).toThrow(
      expect.objectContaining({
        code: "no-tflite-form",
        data: expect.objectContaining({ operators: ["Softmax"], nodes: ["last"] }),
      }),
    );
  });
});
