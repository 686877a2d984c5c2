import { readFileSync } from "node:fs";
import { elementCount, float32, type Graph, GraphBuilder, type Tensor } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { DataError, UsageError } from "../errors.js";
import { buildTrainingStep, type TrainingStep, type TrainingStepOptions } from "./classifier-step.js";
import { DAMPING } from "./damping.js";
import { type Parameter, trainableParameters } from "./parameters.js";

/** Made by the script beside it, with PyTorch 1.13. */
const { network: golden } = JSON.parse(
  readFileSync(new URL("../../test/golden/pytorch-training.json", import.meta.url), "utf8"),
) as { network: { losses: number[]; state: Record<string, number[]> } };

/** sin(1.7·i + offset), as the golden numbers' script makes it. */
const wave = (shape: readonly number[], offset: number, factor = 1, shift = 0): Tensor =>
  float32(
    Float32Array.from({ length: elementCount(shape) }, (_, i) => shift + factor * Math.sin(1.7 * i + offset)),
    shape,
  );

/** Two convolutions with batch norm, global average pool, linear layer: `[4, 1, 8, 8]` → `[4, 3]`. */
function small(): Graph {
  const g = new GraphBuilder("small");
  let parameters = 0;
  const parameter = (name: string, shape: readonly number[]) =>
    g.constant(shape.length === 1 ? wave(shape, parameters++, 0.2, 1) : wave(shape, parameters++, 0.5), name);
  const convBnRelu = (index: number, x: string, inputs: number, outputs: number, stride: number) => {
    const weight = parameter(`conv${index}.weight`, [outputs, inputs, 3, 3]);
    const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [stride, stride] };
    const y = g.op("Conv", [x, weight], attributes, { name: `conv${index}` });
    const name = `bn${index}`;
    const affine = [parameter(`${name}.weight`, [outputs]), parameter(`${name}.bias`, [outputs])];
    const mean = g.constant(float32(new Float32Array(outputs)), `${name}.running_mean`);
    const variance = g.constant(float32(new Float32Array(outputs).fill(1)), `${name}.running_var`);
    return g.op("Relu", [g.op("BatchNormalization", [y, ...affine, mean, variance], { epsilon: 1e-5 }, { name })]);
  };
  const x = convBnRelu(2, convBnRelu(1, g.input("input", "float32", ["N", 1, 8, 8]), 1, 4, 1), 4, 6, 2);
  const pooled = g.op("Flatten", [g.op("GlobalAveragePool", [x])]);
  const [weight, bias] = [parameter("fc.weight", [3, 6]), parameter("fc.bias", [3])];
  g.output(g.op("Gemm", [pooled, weight, bias], { transB: 1 }, { name: "fc", outputs: ["logits"] }));
  return g.build();
}

const images = wave([4, 1, 8, 8], 0.5);
const labels = Int32Array.of(0, 1, 2, 1);

/** Builds the step, takes `steps` steps of it, and returns it with the losses. */
async function take(
  steps: number,
  options: Partial<TrainingStepOptions> = {},
  graph = small(),
): Promise<{ step: TrainingStep; losses: number[] }> {
  const step = await buildTrainingStep(graph, {
    batchSize: 4,
    optimizer: { name: "sgd" },
    session: { threads: 1 },
    ...options,
  });
  const losses: number[] = [];
  for (let t = 1; t <= steps; t++) losses.push((await step.run({ images, labels }, 0.1, t)).loss);
  await step.release();
  return { step, losses };
}

const values = (step: TrainingStep, name: string): number[] => [...(step.state.get(name)!.data as Float32Array)];

describe("a whole step equals PyTorch's: smoothing, decay of matrices only, clipping by norm, running statistics", () => {
  test.each([true, false])("winograd: %s", async (winograd) => {
    const { step, losses } = await take(5, {
      winograd,
      optimizer: { name: "sgd", nesterov: true },
      weightDecay: 0.01,
      labelSmoothing: 0.1,
      clipNorm: 0.3,
    });
    for (const [i, loss] of golden.losses.entries()) expect(losses[i], `loss ${i}`).toBeCloseTo(loss, 5);
    for (const [name, expected] of Object.entries(golden.state)) {
      const actual = values(step, name);
      expect(actual, name).toHaveLength(expected.length);
      for (const [i, value] of expected.entries()) expect(actual[i], `${name}[${i}]`).toBeCloseTo(value, 4);
    }
  });
});

test("the same at every optimization level of ONNX Runtime", async () => {
  for (const optimization of ["disabled", "basic", "extended", "all"] as const) {
    const { losses } = await take(3, { session: { threads: 1, optimization } });
    const { losses: reference } = await take(3, { session: { threads: 1 } });
    for (const [i, loss] of reference.entries()) expect(losses[i], optimization).toBeCloseTo(loss, 5);
  }
});

test("correct counts first largest logits", async () => {
  const step = await buildTrainingStep(small(), { batchSize: 4, optimizer: { name: "sgd" }, session: { threads: 1 } });
  const counts = await Promise.all(
    [0, 1, 2].map((c) => step.run({ images, labels: Int32Array.from([c, c, c, c]) }, 0, 1)),
  );
  expect(counts.reduce((sum, { correct }) => sum + correct, 0)).toBe(4);
  await step.release();
});

describe("parameters are treated one by one", () => {
  const before = small().tensors;
  const start = (name: string) => [...(before.get(name)!.data as Float32Array)];

  test("frozen ones stay and take no state", async () => {
    const parameters = ({ name }: Parameter) => (name.startsWith("fc") ? {} : "frozen");
    const graph = small();
    const { step } = await take(2, { parameters }, graph);
    expect(new Set([...step.state.keys()].filter((name) => !name.includes("running")))).toEqual(
      new Set(["fc.weight", "fc.bias", "optimizer.momentum.fc.weight", "optimizer.momentum.fc.bias"]),
    );
    expect(values(step, "fc.weight")).not.toEqual(start("fc.weight"));
    expect(step.trained().tensors.get("conv1.weight")).toBe(graph.tensors.get("conv1.weight")!);
  });

  test("a learning rate of 0 stands still, half of it goes half the way", async () => {
    const rateOf = (factor: number) => ({
      optimizer: { name: "sgd", momentum: 0 } as const,
      parameters: ({ name }: Parameter) => ({ learningRate: name === "fc.bias" ? factor : 1 }),
    });
    const moved = async (factor: number) => {
      const { step } = await take(1, rateOf(factor));
      return values(step, "fc.bias").map((value, i) => value - start("fc.bias")[i]!);
    };
    expect(await moved(0)).toEqual([0, 0, 0]);
    const [half, whole] = [await moved(0.5), await moved(1)];
    for (const [i, value] of whole.entries()) expect(half[i]).toBeCloseTo(value / 2, 6);
  });

  test("weight decay can be given to a vector, and a minimum holds", async () => {
    const { step } = await take(1, {
      parameters: ({ name }) =>
        name === "bn1.weight" ? { minimum: 1.05 } : name === "bn1.bias" ? { weightDecay: 5 } : {},
    });
    expect(Math.min(...values(step, "bn1.weight"))).toBeCloseTo(1.05, 6);
    expect(Math.max(...values(step, "bn1.bias"))).toBeLessThan(Math.max(...start("bn1.bias")) * 0.7);
  });

  test("clipping by value limits each step", async () => {
    const { step } = await take(1, { optimizer: { name: "sgd", momentum: 0 }, clipValue: 0.001 });
    for (const name of ["conv1.weight", "fc.weight"])
      for (const [i, value] of values(step, name).entries())
        expect(Math.abs(value - start(name)[i]!)).toBeLessThan(0.1 * 0.001 * 1.01);
  });
});

test("frozen batch norm keeps its statistics and still trains scale and shift", async () => {
  const { step } = await take(2, { freezeBatchNorm: true });
  expect(step.state.has("bn1.running_mean")).toBe(false);
  expect(values(step, "bn1.weight")).not.toEqual([...(small().tensors.get("bn1.weight")!.data as Float32Array)]);
});

describe("taps that only meet padding", () => {
  /** A 3×3 convolution on a 1×1 image: its middle tap alone ever reads the image. */
  function onOnePixel(): Graph {
    const g = new GraphBuilder("one pixel");
    const weight = g.constant(wave([3, 2, 3, 3], 0, 0.5), "conv.weight");
    const y = g.op("Conv", [g.input("input", "float32", ["N", 2, 1, 1]), weight], { pads: [1, 1, 1, 1] });
    g.output(g.op("Flatten", [y], {}, { outputs: ["logits"] }));
    return g.build();
  }
  const start = onOnePixel().tensors.get("conv.weight")!.data as Float32Array;
  const [steps, rate, decay] = [7, 0.1, 0.3];

  /** The weight that results from PyTorch's update rules without a gradient, in float64. */
  const rules: readonly [string, TrainingStepOptions["optimizer"], (w: number) => number][] = [
    ["sgd", { name: "sgd", momentum: 0 }, (w) => w * (1 - rate * decay) ** steps],
    ["momentum", { name: "sgd", momentum: 0.9 }, (w) => descended(w, false)],
    ["nesterov", { name: "sgd", momentum: 0.9, nesterov: true }, (w) => descended(w, true)],
    ["adamw", { name: "adamw" }, (w) => w * (1 - rate * decay) ** steps],
  ];
  function descended(start: number, nesterov: boolean): number {
    let [w, v] = [start, 0];
    for (let t = 0; t < steps; t++) {
      const d = decay * w;
      v = 0.9 * v + d;
      w -= rate * (nesterov ? d + 0.9 * v : v);
    }
    return w;
  }

  test.each(rules)("decay as the others do, though no step reads them: %s", async (_, optimizer, expected) => {
    const step = await buildTrainingStep(onOnePixel(), {
      batchSize: 4,
      optimizer,
      weightDecay: decay,
      clipNorm: 1,
      session: { threads: 1 },
    });
    const before = step.state.get("conv.weight")!;
    expect(before.shape).toEqual([3, 2, 1, 1]);
    for (let t = 1; t <= steps; t++) await step.run({ images: wave([4, 2, 1, 1], 0.5), labels }, rate, t);
    const trained = step.trained().tensors.get("conv.weight")!;
    expect(trained.shape).toEqual([3, 2, 3, 3]);
    const middle = step.state.get("conv.weight")!.data;
    trained.data.forEach((value, i) => {
      if (i % 9 === 4) expect(value).toBe(middle[(i - 4) / 9]);
      else expect(value, `element ${i}`).toBeCloseTo(expected(start[i]!), 6);
    });
    await step.release();
  });

  test("a state goes on from where it was, whatever the model to begin with", async () => {
    const build = (graph = onOnePixel()) =>
      buildTrainingStep(graph, {
        batchSize: 4,
        optimizer: { name: "sgd" },
        weightDecay: decay,
        session: { threads: 1 },
      });
    const other = onOnePixel();
    const unlike = { ...other, tensors: new Map([["conv.weight", wave([3, 2, 3, 3], 2)]]) };
    const [straight, interrupted, resumed] = [await build(), await build(), await build(unlike)];
    const run = async (step: TrainingStep, from: number, to: number) => {
      for (let t = from; t <= to; t++) await step.run({ images: wave([4, 2, 1, 1], 0.5), labels }, rate, t);
    };
    await run(straight, 1, 6);
    await run(interrupted, 1, 3);
    resumed.restore(interrupted.state);
    await run(resumed, 4, 6);
    expect(resumed.trained().tensors.get("conv.weight")).toEqual(straight.trained().tensors.get("conv.weight"));
    for (const step of [straight, interrupted, resumed]) await step.release();
  });
});

/** `small` with FakeQuant on both convolutions' weights and on the input of the second one. */
function quantized(): Graph {
  const graph = small();
  const g = new GraphBuilder("quantized", graph);
  const zero = g.scalar(0, "zero");
  const fakeQuant = (x: string, scale: string, attributes: Record<string, number>) =>
    g.op("FakeQuant", [x, scale, zero], { bits: 4, learnable: 1, ...attributes }, { domain: "subbyte" });
  const [relu] = graph.nodes.filter(({ op }) => op === "Relu");
  const replaced = new Map([
    ["conv1.weight", fakeQuant("conv1.weight", g.scalar(0.1, "conv1.scale"), { signed: 1, narrow: 1 })],
    [relu!.outputs[0]!, fakeQuant(relu!.outputs[0]!, g.scalar(0.2, "x.scale"), { signed: 0 })],
  ]);
  const built = g.build();
  const isNew = (name: string) => built.nodes.find((node) => node.name === name)!.op === "FakeQuant";
  const rewired = built.nodes.map((node) =>
    isNew(node.name) ? node : { ...node, inputs: node.inputs.map((input) => replaced.get(input) ?? input) },
  );
  const ordered: typeof rewired = [];
  const known = new Set(["input", ...built.tensors.keys()]);
  while (ordered.length < rewired.length) {
    const next = rewired.find((node) => !ordered.includes(node) && node.inputs.every((input) => known.has(input)))!;
    ordered.push(next);
    for (const output of next.outputs) known.add(output);
  }
  return { ...built, nodes: ordered };
}

describe("graphs with FakeQuant", () => {
  test("weights behind it and learnable scales are parameters", () => {
    const names = trainableParameters(quantized()).map(({ name, isScale }) => `${name}${isScale ? " (scale)" : ""}`);
    expect(names).toEqual([
      "conv1.weight",
      "bn1.weight",
      "bn1.bias",
      "conv2.weight",
      "bn2.weight",
      "bn2.bias",
      "fc.weight",
      "fc.bias",
      "conv1.scale (scale)",
      "x.scale (scale)",
    ]);
  });

  test("train, scales included, and the loss falls", async () => {
    const { step, losses } = await take(
      30,
      { parameters: ({ isScale }) => (isScale ? { minimum: 1e-6 } : {}) },
      quantized(),
    );
    expect(losses[29]!).toBeLessThan(losses[0]! * 0.85);
    expect(values(step, "x.scale")[0]).not.toBe(Math.fround(0.2));
  });
});

describe("updates of quantized networks", () => {
  const plain = { optimizer: { name: "sgd", momentum: 0 } } as const;

  test("a logarithmic one is the plain one to first order, and leaves a positive value", async () => {
    const only = (logarithmic: boolean) => ({
      ...plain,
      parameters: ({ name }: Parameter) =>
        name === "x.scale" ? { logarithmic, learningRate: 0.01 } : ("frozen" as const),
    });
    const [direct, logarithmic] = await Promise.all(
      [false, true].map(async (is) => values((await take(1, only(is), quantized())).step, "x.scale")[0]!),
    );
    const change = direct! - 0.2;
    expect(change).not.toBe(0);
    expect(logarithmic).toBeCloseTo(0.2 * Math.exp(Math.max(-0.001, Math.min(0.001, change / 0.2))), 6);
    const fast = ({ name }: Parameter) =>
      name === "x.scale" ? { logarithmic: true, learningRate: 100 } : ("frozen" as const);
    const { step } = await take(3, { ...plain, parameters: fast }, quantized());
    expect(values(step, "x.scale")[0]!).toBeGreaterThan(0);
  });

  test("damping pulls weights to the middle of their cells, by twice its weight times the distance", async () => {
    const after = async (weight: number) => {
      const step = await buildTrainingStep(quantized(), {
        batchSize: 4,
        ...plain,
        damping: true,
        session: { threads: 1 },
      });
      await step.run({ images, labels, inputs: { [DAMPING]: float32([weight], []) } }, 0.1, 1);
      await step.release();
      return values(step, "conv1.weight");
    };
    const [free, damped] = [await after(0), await after(0.5)];
    const start = [...(quantized().tensors.get("conv1.weight")!.data as Float32Array)];
    let pulled = 0;
    start.forEach((w, i) => {
      const code = Math.round(Math.fround(w / Math.fround(0.1)));
      const inside = Math.abs(w / 0.1) <= 7;
      const pull = inside ? 0.1 * 2 * 0.5 * (w - 0.1 * code) : 0;
      if (pull !== 0) pulled++;
      expect(free[i]! - damped[i]!, `element ${i}`).toBeCloseTo(pull, 5);
    });
    expect(pulled).toBeGreaterThan(5);
  });
});

test("values of further inputs are fed to each step", async () => {
  const g = new GraphBuilder("scaled", small());
  g.input("gain", "float32", [1]);
  g.setOutputs([g.op("Mul", ["logits", "gain"], {}, { outputs: ["scaled"] })]);
  const { losses } = await take(1, { constants: { gain: float32([0]) } }, g.build());
  expect(losses[0]).toBeCloseTo(Math.log(3), 6);
});

test("what cannot be trained is refused", async () => {
  await expect(take(0, { parameters: () => "frozen" })).rejects.toThrow(/"small" has no parameter to train/);
  await expect(take(0, { batchSize: 0 })).rejects.toThrow(UsageError);
  await expect(take(0, { clipNorm: -1 })).rejects.toThrow(/`clipNorm` -1: it takes a number above 0/);
  await expect(take(0, { weightDecay: Number.NaN })).rejects.toThrow(/`weightDecay` NaN/);
  const { step } = await take(0);
  expect(() => step.restore(new Map())).toThrow(DataError);
});
