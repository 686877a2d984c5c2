/**
 * @file Converts a float network to a float32 model for LiteRT. Feature maps are NHWC; ReLU and ReLU6 are fused into the
 * operators before them.
 */

import { type Graph, inferTypes, ModelError, type Node, type Tensor, toNumbers, windowOf } from "@subbyte/graph";
import { activationOf, boundsOf, type Fusion, fusions } from "./fusions.js";
import {
  averagePool,
  channelsLast,
  conv,
  fullyConnected,
  mean,
  pad,
  permute,
  pool,
  reshapeChannelsFirst,
  stridedSlice,
  tensorShape,
  transpose,
} from "./layers.js";
import { ModelBuilder, type TensorIndex } from "./model-builder.js";
import { padsOf, sliceOf, transposedAxes } from "./moves.js";
import type { Window2D } from "./padding.js";
import { noTfliteForm } from "./refusal.js";
import { Activation, type ActivationName } from "./schema.js";

/**
 * @param graph a classifier from `simplifyForImport`: one float32 image `[N, C, H, W]` in, `[N, classes]` out
 * @returns the bytes of a `.tflite` file: one normalized image `[1, H, W, C]` in, logits `[1, classes]` out, both float32
 * @throws {ModelError} `no-tflite-form`, with the operator that cannot be expressed
 */
export function graphToTflite(graph: Graph): Uint8Array<ArrayBuffer> {
  return new FloatExport(graph).file();
}

type Rule = (node: Node) => void;

class FloatExport {
  readonly #b = new ModelBuilder();
  readonly #index = new Map<string, TensorIndex>();
  readonly #types: ReturnType<typeof inferTypes>;
  readonly #producer: ReadonlyMap<string, Node>;
  /** Activations that are fused into the node before them, by the value that they read. */
  readonly #fused: ReadonlyMap<string, Fusion>;
  readonly graph: Graph;

  constructor(graph: Graph) {
    const [input] = graph.inputs;
    if (input === undefined || graph.inputs.length !== 1 || input.shape?.length !== 4)
      throw new ModelError(
        "not-a-classifier",
        { graph: graph.name, found: graph.inputs.length, expected: 1 },
        `graph "${graph.name}": only networks with one input [N, C, H, W] can be written as .tflite`,
      );
    this.graph = { ...graph, inputs: [{ ...input, shape: [1, ...input.shape.slice(1)] }] };
    this.#types = inferTypes(this.graph);
    this.#producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
    this.#fused = fusions(this.graph);
  }

  file(): Uint8Array<ArrayBuffer> {
    const { graph } = this;
    const { name } = graph.inputs[0]!;
    const image = this.#b.tensor("image", { type: "float32", shape: tensorShape(this.#shape(name)) });
    this.#index.set(name, image);
    const clamps = new Set([...this.#fused.values()].map(({ clamp }) => clamp));
    for (const node of graph.nodes) {
      if (clamps.has(node)) continue;
      const rule = node.domain === "" ? this.#rules[node.op] : undefined;
      if (rule === undefined) throw noTfliteForm(node.op, node.name, "there is no rule for this operator.");
      rule(node);
    }
    return this.#b.finish(image, this.#index.get(graph.outputs[0]!)!, `${graph.name}, float32`);
  }

  readonly #rules: Readonly<Record<string, Rule>> = {
    Conv: (node) => this.#conv(node),
    Gemm: (node) => this.#gemm(node),
    Add: (node) => this.#binary(node, "ADD"),
    Mul: (node) => this.#binary(node, "MUL"),
    Relu: (node) => this.#unary(node, "RELU"),
    Clip: (node) => this.#clip(node),
    HardSwish: (node) => this.#unary(node, "HARD_SWISH"),
    Sigmoid: (node) => this.#unary(node, "LOGISTIC"),
    Tanh: (node) => this.#unary(node, "TANH"),
    LeakyRelu: (node) =>
      this.#b.operator("LEAKY_RELU", [this.#read(node)], [this.#write(node)], {
        alpha: Number(node.attributes.alpha ?? 0.01),
      }),
    HardSigmoid: (node) => this.#hardSigmoid(node),
    MaxPool: (node) => this.#maxPool(node),
    AveragePool: (node) => this.#averagePool(node),
    GlobalAveragePool: (node) => mean(this.#b, this.#read(node), this.#write(node)),
    Concat: (node) => this.#concat(node),
    Flatten: (node) => this.#reshape(node),
    Reshape: (node) => this.#reshape(node),
    Transpose: (node) => this.#transpose(node),
    Slice: (node) => this.#slice(node),
    Pad: (node) => this.#pad(node),
  };

  /** Shape without the batch. */
  #shape(value: string): readonly number[] {
    const shape = this.#types.get(value)?.shape;
    const node = this.#producer.get(value);
    if (!shape?.every((dim) => typeof dim === "number") || shape[0] !== 1 || ![2, 4].includes(shape.length))
      throw noTfliteForm(
        node?.op ?? "Graph",
        node?.name ?? value,
        `"${value}" has the shape [${shape ?? "?"}]; values must be [1, C, H, W] or [1, C].`,
      );
    return shape.slice(1);
  }

  #read(node: Node, input = 0): TensorIndex {
    const value = node.inputs[input]!;
    const index = this.#index.get(value);
    if (index === undefined) throw noTfliteForm(node.op, node.name, `its input "${value}" is a constant.`);
    return index;
  }

  /** The tensor for a node's result; if an activation is fused into the node, the activation's result. */
  #write(node: Node): TensorIndex {
    const [value] = node.outputs as [string];
    const name = this.#fused.get(value)?.clamp.outputs[0] ?? value;
    const index = this.#b.tensor(name, { type: "float32", shape: tensorShape(this.#shape(value)) });
    this.#index.set(name, index);
    return index;
  }

  readonly #activation = (node: Node): ActivationName => this.#fused.get(node.outputs[0]!)?.activation ?? "none";

  #constant(node: Node, input: number): Tensor | undefined {
    const value = node.inputs[input];
    if (!value) return undefined;
    const tensor = this.graph.tensors.get(value);
    if (tensor === undefined)
      throw noTfliteForm(node.op, node.name, `its input "${value}" must be a constant, but is computed.`);
    return tensor;
  }

  #numbers(node: Node, input: number): readonly number[] | undefined {
    const tensor = this.#constant(node, input);
    return tensor && toNumbers(tensor);
  }

  #conv(node: Node): void {
    const weights = this.#constant(node, 1)!;
    const image = this.#shape(node.inputs[0]!).slice(1);
    if (weights.shape.length !== 4)
      throw noTfliteForm(node.op, node.name, `its weights have the shape [${weights.shape}], not [O, I, kh, kw].`);
    const layer = {
      ...this.#layer(node, weights),
      window: windowOf(node, weights.shape.slice(2), image) as unknown as Window2D,
      groups: Number(node.attributes.group ?? 1),
    };
    conv(this.#b, this.#read(node), layer, this.#write(node), this.#activation(node));
  }

  #gemm(node: Node): void {
    const { transB = 0, transA = 0, alpha = 1, beta = 1 } = node.attributes;
    if (transB !== 1 || transA !== 0 || alpha !== 1 || beta !== 1)
      throw noTfliteForm(node.op, node.name, "it is not y = x·Wᵀ + b (transB = 1, alpha = beta = 1).");
    const layer = this.#layer(node, this.#constant(node, 1)!);
    fullyConnected(this.#b, this.#read(node), layer, this.#write(node), this.#activation(node));
  }

  #layer({ name, ...node }: Node, { shape, data }: Tensor) {
    const bias = this.#constant({ name, ...node }, 2)?.data as Float32Array | undefined;
    return { name, shape, data: data as Float32Array, bias: bias ?? new Float32Array(shape[0]!) };
  }

  /** Adds an ADD or MUL. Constants get TensorFlow's order of axes, so that they are broadcast along the same ones. */
  #binary(node: Node, op: "ADD" | "MUL"): void {
    const operands = node.inputs.map((value, i) => {
      const tensor = this.graph.tensors.get(value);
      if (tensor === undefined) return this.#read(node, i);
      const rank = this.#shape(node.outputs[0]!).length + 1;
      const shape = [...new Array<number>(rank - tensor.shape.length).fill(1), ...tensor.shape];
      const order = rank === 4 ? [0, 2, 3, 1] : [0, 1];
      const data = permute(Float32Array.from(toNumbers(tensor)), shape, order);
      return this.#b.constant(value, data, { type: "float32", shape: order.map((axis) => shape[axis]!) });
    });
    this.#b.operator(op, operands, [this.#write(node)], { activation: Activation[this.#activation(node)] });
  }

  #unary(node: Node, op: "RELU" | "RELU6" | "HARD_SWISH" | "LOGISTIC" | "TANH"): void {
    this.#b.operator(op, [this.#read(node)], [this.#write(node)]);
  }

  #clip(node: Node): void {
    const activation = activationOf(this.graph, node);
    if (activation === "relu" || activation === "relu6")
      return this.#unary(node, activation === "relu" ? "RELU" : "RELU6");
    const [low, high] = boundsOf(this.graph, node);
    const between = this.#like(node, "raised");
    this.#b.operator("MAXIMUM", [this.#read(node), this.#scalar(node, "min", low)], [between]);
    this.#b.operator("MINIMUM", [between, this.#scalar(node, "max", high)], [this.#write(node)]);
  }

  /** clamp(α·x + β, 0, 1) */
  #hardSigmoid(node: Node): void {
    const { alpha = 0.2, beta = 0.5 } = node.attributes;
    const [scaled, raised] = [this.#like(node, "scaled"), this.#like(node, "raised")];
    this.#b.operator("MUL", [this.#read(node), this.#scalar(node, "alpha", Number(alpha))], [scaled]);
    const beginning = [scaled, this.#scalar(node, "beta", Number(beta))];
    this.#b.operator("ADD", beginning, [raised], { activation: Activation.relu });
    this.#b.operator("MINIMUM", [raised, this.#scalar(node, "one", 1)], [this.#write(node)]);
  }

  #like(node: Node, word: string): TensorIndex {
    const shape = tensorShape(this.#shape(node.outputs[0]!));
    return this.#b.tensor(`${node.name}/${word}`, { type: "float32", shape });
  }

  #scalar(node: Node, word: string, value: number): TensorIndex {
    return this.#b.constant(`${node.name}/${word}`, Float32Array.of(value), { type: "float32", shape: [1] });
  }

  #window(node: Node): Window2D {
    const image = this.#shape(node.inputs[0]!).slice(1);
    return windowOf(node, node.attributes.kernel_shape as readonly number[], image) as unknown as Window2D;
  }

  #maxPool(node: Node): void {
    const window = this.#window(node);
    if (window.dilations.some((dilation) => dilation !== 1))
      throw noTfliteForm(node.op, node.name, `its windows have gaps (dilations [${window.dilations}]).`);
    // Zeros do not change the maximum of a ReLU's results; PAD runs on XNNPACK, PADV2 does not.
    const fill = this.#isNonNegative(node.inputs[0]!) ? "zero" : "lowest";
    pool(this.#b, "MAX_POOL_2D", this.#read(node), window, this.#write(node), fill);
  }

  #isNonNegative(value: string): boolean {
    const node = this.#producer.get(value);
    if (node?.op === "Clip") return boundsOf(this.graph, node)[0] >= 0;
    if (node?.op === "MaxPool" || node?.op === "Concat")
      return node.inputs.every((input) => this.#isNonNegative(input));
    return node?.op === "Relu" || node?.op === "Sigmoid" || node?.op === "HardSigmoid";
  }

  #averagePool(node: Node): void {
    const window = this.#window(node);
    const counts = node.attributes.count_include_pad === 1;
    const hasGaps = window.dilations.some((dilation) => dilation !== 1);
    if (hasGaps || !averagePool(this.#b, this.#read(node), window, counts, this.#write(node)))
      throw noTfliteForm(node.op, node.name, "its padding is neither SAME nor VALID, or its windows have gaps.");
  }

  #concat(node: Node): void {
    if (node.attributes.axis !== 1)
      throw noTfliteForm(node.op, node.name, `it joins axis ${node.attributes.axis}, not channels.`);
    const inputs = node.inputs.map((_, i) => this.#read(node, i));
    const axis = this.#shape(node.outputs[0]!).length === 3 ? 3 : 1;
    this.#b.operator("CONCATENATION", inputs, [this.#write(node)], { axis });
  }

  #reshape(node: Node): void {
    const [value] = node.outputs as [string];
    this.#index.set(value, reshapeChannelsFirst(this.#b, this.#read(node), value, this.#shape(value)));
  }

  #transpose(node: Node): void {
    this.#index.set(node.outputs[0]!, transpose(this.#b, this.#read(node), transposedAxes(node)));
  }

  #slice(node: Node): void {
    const constant = (input: number) => this.#numbers(node, input);
    const { begin, steps } = sliceOf(node, this.#shape(node.inputs[0]!), constant);
    const shape = tensorShape(this.#shape(node.outputs[0]!));
    const sliced = stridedSlice(this.#b, this.#read(node), channelsLast(begin, 0), shape, channelsLast(steps, 1));
    this.#index.set(node.outputs[0]!, sliced);
  }

  #pad(node: Node): void {
    const constant = (input: number) => this.#numbers(node, input);
    const { before, after } = padsOf(node, this.#shape(node.inputs[0]!).length, constant);
    const padded = pad(this.#b, this.#read(node), channelsLast(before, 0), channelsLast(after, 0));
    this.#index.set(node.outputs[0]!, padded);
  }
}
