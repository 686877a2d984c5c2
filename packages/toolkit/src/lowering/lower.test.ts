import { createReference, type Program } from "@subbyte/engine";
import { type Graph, GraphBuilder, simplifyForImport, type Tensor } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { buildModel } from "../models/index.js";
import { insertFakeQuant } from "../quantization/insert.js";
import type { BitPolicy } from "../quantization/policy.js";
import { setRanges } from "../quantization/ranges.js";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";
import { simulateCodes } from "../simulation/codes.js";
import { lift } from "../simulation/lift.js";
import { exportedActivations, manyActivations } from "../testing/activations.js";
import {
  channelShuffle,
  kitchenSink,
  preActivation,
  preprocessing,
  randomTensor,
  squeezeExcitation,
} from "../testing/networks.js";
import { lower } from "./lower.js";

const count = 6;

/** `[N, C, H, W]` random bytes. */
function pixels(seed: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: count * 3 * 256 }, () => random.integer(256));
}

const normalized = (bytes: Uint8Array): Tensor => ({
  dtype: "float32",
  shape: [count, 3, 16, 16],
  data: Float32Array.from(bytes, (p, i) => {
    const c = Math.floor(i / 256) % 3;
    return (p / 255 - preprocessing.mean[c]!) / preprocessing.std[c]!;
  }),
});

async function quantized(graph: Graph, policy: BitPolicy, method: "minmax" | "mse"): Promise<Graph> {
  async function* batches() {
    yield normalized(pixels(1));
    yield normalized(pixels(2));
  }
  return setRanges(insertFakeQuant(graph, policy), { batches }, { method, threads: 1 });
}

const interleaved = (planar: Uint8Array): Uint8Array => {
  const out = new Uint8Array(planar.length);
  for (let n = 0; n < count; n++)
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < 256; i++) out[(n * 256 + i) * 3 + c] = planar[(n * 3 + c) * 256 + i]!;
  return out;
};

async function simulated(
  program: Program,
  bytes: Uint8Array,
): Promise<{ logits: Float32Array; unproved: readonly string[] }> {
  const { graph, unproved } = simulateCodes(program);
  const session = await createSession(graph, { optimization: "disabled", threads: 1 });
  const feed: Tensor = { dtype: "int64", shape: [count, 3, 16, 16], data: BigInt64Array.from(bytes, BigInt) };
  const result = await session.run({ pixels: feed });
  await session.release();
  return { logits: result[graph.outputs[0]!]!.data as Float32Array, unproved };
}

/** Pools whose last window sticks out of the image, and of its padding: `[N, 3, 16, 16]` → `[N, 5]`. */
function poolsThatRoundUp(average: { count_include_pad?: 0 | 1; dilations?: number[] }): Graph {
  const random = new Random(5);
  const b = new GraphBuilder("pools");
  const image = b.input("input", "float32", ["N", 3, 16, 16]);
  const kernel = b.constant(randomTensor(random, [4, 3, 3, 3], 0.3), "stem.weight");
  const stem = b.op("Relu", [b.op("Conv", [image, kernel], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })]);
  const window = { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 };
  const largest = b.op("MaxPool", [stem], window); // 8 × 8, where rounding down gives 7 × 7
  const mean = b.op("AveragePool", [largest], { ...window, pads: [1, 0, 0, 0], ...average }); // 4 × 4, else 4 × 3
  const weight = b.constant(randomTensor(random, [5, average.dilations ? 48 : 64], 0.2), "fc.weight");
  b.output(b.op("Gemm", [b.op("Flatten", [mean], { axis: 1 }), weight], { transB: 1 }, { name: "fc" }));
  return b.build();
}

describe("lower", () => {
  const policies: BitPolicy[] = [2, 3, 4, 5, 6, 7, 8].map((bits) => ({ weights: bits, activations: bits }));
  policies.push({ weights: 4, activations: 8 }, { weights: 4, activations: 4, firstLastBits: 4, residualBits: 4 });

  const cases = policies.flatMap((policy) => [
    { network: kitchenSink(7), policy },
    { network: simplifyForImport(preActivation(7)), policy },
    { network: simplifyForImport(squeezeExcitation(7)), policy },
  ]);
  for (const bits of [3, 4, 8])
    cases.push({ network: simplifyForImport(manyActivations(7)), policy: { weights: bits, activations: bits } });
  cases.push({ network: simplifyForImport(channelShuffle(7)), policy: { weights: 4, activations: 4 } });
  test.each(cases)("the engine equals the simulation on codes: $network.name, $policy", async ({ network, policy }) => {
    const graph = await quantized(network, policy, policy.weights % 2 === 0 ? "mse" : "minmax");
    const program = lower(graph, { preprocessing });
    const bytes = pixels(3);
    const { logits, unproved } = await simulated(program, bytes);
    expect(unproved).toEqual([]);
    const engine = createReference(program).run(interleaved(bytes), count);
    expect(engine).toEqual(logits);
    expect(new Set(engine).size).toBeGreaterThan(count); // Logits differ between images.
  });

  test("sums beyond 2^24 are exact in the simulation too, as two", async () => {
    const b = new GraphBuilder("wide");
    const random = new Random(3);
    const conv = (name: string, x: string, shape: readonly number[]) =>
      b.op("Relu", [b.op("Conv", [x, b.constant(randomTensor(random, shape, 0.1), `${name}.weight`)], {}, { name })]);
    const stem = conv("stem", b.input("input", "float32", ["N", 3, 16, 16]), [512, 3, 3, 3]);
    const wide = conv("wide", stem, [16, 512, 3, 3]);
    const head = b.constant(randomTensor(random, [5, 16], 0.1), "fc.weight");
    b.output(b.op("Gemm", [b.op("Flatten", [b.op("GlobalAveragePool", [wide])]), head], { transB: 1 }));
    const program = lower(await quantized(b.build(), { weights: 8, activations: 8 }, "minmax"), { preprocessing });
    const bytes = pixels(3);
    const { graph } = simulateCodes(program);
    const layers = graph.nodes.filter(({ op, attributes }) => op === "Conv" && attributes.group === 1);
    expect(layers).toHaveLength(3);
    const { logits, unproved } = await simulated(program, bytes);
    expect(unproved).toEqual([]);
    expect(createReference(program).run(interleaved(bytes), count)).toEqual(logits);
  });

  test("sums of a linear layer as wide as VGG's are exact in the simulation too, in float64", async () => {
    const b = new GraphBuilder("wide-head");
    const random = new Random(3);
    const constant = (shape: readonly number[], name: string) => b.constant(randomTensor(random, shape, 0.1), name);
    const stem = b.op("Conv", [b.input("input", "float32", ["N", 3, 16, 16]), constant([98, 3, 1, 1], "stem.weight")]);
    const flat = b.op("Flatten", [b.op("Relu", [stem])]);
    const inner = b.op("Gemm", [flat, constant([8, 25_088], "wide.weight")], { transB: 1 }, { name: "wide" });
    b.output(b.op("Gemm", [b.op("Relu", [inner]), constant([5, 8], "fc.weight")], { transB: 1 }));
    const program = lower(await quantized(b.build(), { weights: 8, activations: 8 }, "minmax"), { preprocessing });
    const { graph } = simulateCodes(program);
    expect(graph.nodes.filter(({ op, attributes }) => op === "Cast" && attributes.to === 11)).toHaveLength(1);
    const bytes = pixels(3);
    const { logits, unproved } = await simulated(program, bytes);
    expect(unproved).toEqual([]);
    expect(createReference(program).run(interleaved(bytes), count)).toEqual(logits);
  });

  test("residual additions fuse, clamps become bounds", async () => {
    const program = lower(await quantized(kitchenSink(7), { weights: 4, activations: 4 }, "minmax"), { preprocessing });
    const conv = (name: string) => {
      const found = program.operators.find((operator) => operator.name === name);
      if (found?.op !== "conv") throw new Error(`${name} is no convolution`);
      return found;
    };
    // The later of the two convolutions before the addition takes it.
    expect(conv("block1.shortcut").residual).toBeDefined();
    expect(conv("block1.conv2").residual).toBeUndefined();
    expect(conv("block2.conv2").residual).toBeDefined();
    expect(program.operators.some((operator) => operator.op === "add")).toBe(false);
    const clipped = conv("dilated");
    const { scale, zeroPoint } = program.tensors[clipped.output]!;
    expect(scale * (clipped.lo - zeroPoint)).toBeCloseTo(0, 6);
    expect(scale * (clipped.hi - zeroPoint)).toBeLessThanOrEqual(1.5 + scale / 2);
  });

  test("lifting and lowering again gives the same program", async () => {
    const float = simplifyForImport(buildModel("resnet20", { classes: 5, size: 16, seed: 4 }));
    const program = lower(await quantized(float, { weights: 4, activations: 4 }, "mse"), { preprocessing });
    const again = lower(lift(program), { preprocessing });
    expect(again.operators).toEqual(program.operators);
    expect(again.tensors).toEqual(program.tensors);
    expect(again).toEqual(program);
  });

  test.each([0, 1] as const)("pools that round up stay so, with padding counted %d", async (counted) => {
    const graph = await quantized(
      poolsThatRoundUp({ count_include_pad: counted }),
      { weights: 4, activations: 4 },
      "mse",
    );
    const program = lower(graph, { preprocessing });
    expect(program.tensors.map(({ shape }) => shape)).toContainEqual([4, 8, 8]);
    expect(program.tensors.map(({ shape }) => shape)).toContainEqual([4, 4, 4]);
    const bytes = pixels(3);
    expect(createReference(program).run(interleaved(bytes), count)).toEqual((await simulated(program, bytes)).logits);
    expect(lower(lift(program), { preprocessing })).toEqual(program);
  });

  test("an average over a window with gaps says that the engine has none", async () => {
    const graph = await quantized(poolsThatRoundUp({ dilations: [2, 1] }), { weights: 4, activations: 4 }, "mse");
    expect(() => lower(graph, { preprocessing })).toThrow(/AveragePool.*found dilations \[2,1\]/);
  });

  test("a value of more axes than an image says that the engine has none", async () => {
    const b = new GraphBuilder("five axes");
    const weight = b.constant(randomTensor(new Random(1), [5, 768], 0.1), "fc.weight");
    const apart = b.op("Reshape", [b.input("input", "float32", ["N", 3, 16, 16]), b.ints([0, 3, 4, 4, 16])], {});
    const moved = b.op("Transpose", [apart], { perm: [0, 4, 3, 2, 1] }, { name: "moved" });
    b.output(b.op("Gemm", [b.op("Flatten", [moved], { axis: 1 }), weight], { transB: 1 }));
    const graph = await quantized(b.build(), { weights: 4, activations: 4 }, "mse");
    expect(() => lower(graph, { preprocessing })).toThrow(
      /has the shape \[N, 3, 4, 4, 16\]; the engine holds \[N, C, H, W\]/,
    );
  });

  test("an activation is one table, however many operators it has, and PRelu one per channel", async () => {
    const network = simplifyForImport(manyActivations(7));
    const program = lower(await quantized(network, { weights: 4, activations: 4 }, "minmax"), { preprocessing });
    const sizes = program.operators.flatMap((operator) => (operator.op === "table" ? [operator.table.length] : []));
    const perChannel = Object.keys(exportedActivations).map((name) => (name === "PRelu per channel" ? 6 * 256 : 256));
    expect(sizes).toEqual(perChannel);
    const others = new Set(program.operators.map(({ op }) => op).filter((op) => op !== "table"));
    expect([...others].toSorted()).toEqual(["add", "averagePool", "conv", "linear", "rescale", "reshape"]);
  });

  test("codes beyond the domain of a function take the nearest value within", async () => {
    const b = new GraphBuilder("log");
    const weight = b.constant(randomTensor(new Random(1), [5, 3], 0.1), "fc.weight");
    const positive = b.op("Clip", [b.input("input", "float32", ["N", 3, 16, 16]), b.scalar(1)]);
    const logarithm = b.op("Log", [b.op("Sub", [positive, b.scalar(0.5)])]);
    b.output(b.op("Gemm", [b.op("Flatten", [b.op("GlobalAveragePool", [logarithm])]), weight], { transB: 1 }));
    const program = lower(await quantized(b.build(), { weights: 4, activations: 4 }, "minmax"), { preprocessing });
    const { table, input } = program.operators.find((operator) => operator.op === "table")!;
    const { scale } = program.tensors[input]!;
    const domain = Math.ceil(0.5 / scale);
    expect(new Set(table.subarray(0, domain + 1))).toEqual(new Set([0]));
    expect(table[255]).toBe(255);
  });

  test("operators and tensors may have any names, even the same", async () => {
    const program = lower(await quantized(kitchenSink(9), { weights: 4, activations: 4 }, "mse"), { preprocessing });
    const [operators, ops] = [program.operators, lift(program).nodes.map(({ op }) => op)];
    const random = new Random(3);
    const anyOf = (names: readonly string[]) => names[random.integer(names.length)]!;
    const pools = [
      ["a"],
      ["input", "a", "a.scale", "a.weight"],
      operators.map(({ name }) => name),
      ["a_1", "a", "a/out"],
    ];
    for (const pool of pools) {
      const renamed: Program = {
        ...program,
        operators: operators.map((operator) => ({ ...operator, name: anyOf(pool) })),
        tensors: program.tensors.map((tensor) => ({ ...tensor, name: anyOf(pool) })),
      };
      const graph = lift(renamed);
      expect(graph.nodes.map(({ op }) => op)).toEqual(ops);
      expect(new Set(graph.nodes.map(({ name }) => name)).size).toBe(ops.length);
      simulateCodes(renamed);
      const bytes = pixels(5);
      expect((await simulated(renamed, bytes)).logits).toEqual((await simulated(program, bytes)).logits);
    }
  });

  test("a table is lifted as a look-up of the same values", async () => {
    const program = lower(await quantized(kitchenSink(9), { weights: 4, activations: 4 }, "mse"), { preprocessing });
    const tables = program.operators.filter((operator) => operator.op === "table");
    expect(tables).toHaveLength(1); // Hard-swish is the one operator that lifting gives back in another form.
    const graph = lift(program);
    expect(graph.nodes.filter((node) => node.op === "Gather")).toHaveLength(1);
    expect(graph.nodes.filter((node) => node.op === "Conv")).toHaveLength(
      program.operators.filter((operator) => operator.op === "conv").length,
    );
  });
});
