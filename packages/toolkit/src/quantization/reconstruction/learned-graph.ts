/**
 * @file A part of the quantized network in the form in which it is learned: rounding variables, weight scales, biases and
 * activation steps become inputs of the graph.
 *
 *   weight      s₀·exp(t)·(codes + rounding)      one t per output channel
 *   bias        b + δ, where δ (fed) rounds b to its grid s_x·s_w (docs/arithmetic.md, rule 3); straight-through for b
 *   activation  x + keep·(Q(x; s₀·exp(t)) − x)    keep (fed) is 0 to keep the float value, as in QDrop
 *
 * Exponentials keep scales positive and make their learning rates relative. Source of the drop: Wei et al. 2022, QDrop,
 * arXiv:2203.05740; of the gradient of steps: Esser et al. 2020, LSQ, arXiv:1902.08153.
 */

import { float32, type Graph, GraphBuilder, inferTypes, type Node, type Tensor } from "@subbyte/graph";
import { codeRange, type FakeQuant, fakeQuant, isFakeQuant } from "../fake-quant.js";
import { isLayer } from "../topology.js";
import { floorCodes, initialRounding, nearestCodes, softRounding } from "./rounding.js";

export type LearnedKind = "rounding" | "scale" | "bias" | "step";

export interface LearnedParameter {
  /** Name of the graph input. */
  readonly name: string;
  readonly kind: LearnedKind;
  readonly initial: Tensor;
}

/** One layer with weights. */
export interface LearnedLayer {
  readonly node: Node;
  readonly weight: FakeQuant;
  /** Scales at the beginning, one per channel. */
  readonly scales: Float32Array;
  /** Codes, if there are no rounding variables; else the lower of the two codes between which each weight chooses. */
  readonly codes: Tensor;
  /** Names of parameters; undefined if they are not learned. */
  readonly rounding: string | undefined;
  readonly scale: string | undefined;
  readonly bias: string | undefined;
  /** Graph input that rounds the bias to its grid; undefined without bias. */
  readonly biasDelta: string | undefined;
}

/** One learned activation quantizer. */
export interface LearnedStep {
  readonly fakeQuant: FakeQuant;
  /** Scale at the beginning. */
  readonly scale: number;
  readonly parameter: string;
  /** Graph input of zeros and ones in the shape `[batch, …]` of the value; undefined without drop. */
  readonly keep: { readonly name: string; readonly shape: readonly number[] } | undefined;
}

export interface LearnedGraph {
  /** Computes the part's outputs from its input, the parameters, and the other feeds. */
  readonly graph: Graph;
  readonly parameters: readonly LearnedParameter[];
  readonly layers: readonly LearnedLayer[];
  readonly steps: readonly LearnedStep[];
  /** h(α) of each layer with learned rounding. */
  readonly roundings: readonly string[];
}

export interface LearnedGraphOptions {
  readonly learn: ReadonlySet<LearnedKind>;
  readonly drop: boolean;
  readonly batchSize: number;
  /** Whether the step of an activation's FakeQuant node is learned. */
  readonly learnsStep: (fq: FakeQuant) => boolean;
}

/** @param part a part of the quantized graph with one input, its batch symbolic */
export function learnedGraph(part: Graph, options: LearnedGraphOptions): LearnedGraph {
  return new LearnedGraphBuilder(part, options).build();
}

class LearnedGraphBuilder {
  readonly #part: Graph;
  readonly #options: LearnedGraphOptions;
  /**
   * The builder starts with the part, so that new names differ from its names. Nodes that are appended to it are moved to
   * `#nodes`.
   */
  readonly #g: GraphBuilder;
  readonly #nodes: Node[] = [];
  readonly #renamed = new Map<string, string>();
  readonly #weights = new Map<string, FakeQuant>();
  readonly #parameters: LearnedParameter[] = [];
  readonly #layers: LearnedLayer[] = [];
  readonly #steps: LearnedStep[] = [];
  readonly #roundings: string[] = [];

  constructor(part: Graph, options: LearnedGraphOptions) {
    const { batchSize } = options;
    const inputs = part.inputs.map((input) => ({ ...input, shape: [batchSize, ...input.shape!.slice(1)] }));
    this.#part = { ...part, inputs };
    this.#options = options;
    this.#g = new GraphBuilder(part.name, this.#part);
  }

  build(): LearnedGraph {
    const types = inferTypes(this.#part);
    for (const node of this.#part.nodes) {
      const before = this.#g.nodes.length;
      const fq = isFakeQuant(node) ? fakeQuant(this.#part, node) : undefined;
      let replacement: Node | undefined;
      if (fq?.ofWeights) this.#weights.set(fq.output, fq);
      else if (fq) replacement = this.#activation(fq, types.get(fq.input)!.shape as readonly number[]);
      else if (isLayer(node)) replacement = this.#layer(node);
      else replacement = node;
      this.#nodes.push(...this.#g.nodes.slice(before));
      if (replacement)
        this.#nodes.push({
          ...replacement,
          inputs: replacement.inputs.map((value) => this.#renamed.get(value) ?? value),
        });
    }
    const outputs = this.#part.outputs.map((value) => this.#renamed.get(value) ?? value);
    const read = new Set([...this.#nodes.flatMap(({ inputs }) => inputs), ...outputs]);
    const { tensors, ...built } = this.#g.build();
    return {
      graph: {
        ...built,
        nodes: this.#nodes,
        outputs,
        tensors: new Map([...tensors].filter(([name]) => read.has(name))),
      },
      parameters: this.#parameters,
      layers: this.#layers,
      steps: this.#steps,
      roundings: this.#roundings,
    };
  }

  #parameter(kind: LearnedKind, stem: string, initial: Tensor): string {
    const name = `${kind}.${stem}`;
    this.#g.input(name, "float32", initial.shape);
    this.#parameters.push({ name, kind, initial });
    return name;
  }

  /** Adds a parameter t with initial value 0, and the scale s₀·exp(t). */
  #scale(kind: "scale" | "step", stem: string, initial: Float32Array, shape: readonly number[]) {
    const g = this.#g;
    const parameter = this.#parameter(kind, stem, float32(new Float32Array(initial.length), shape));
    return { parameter, scale: g.op("Mul", [g.constant(float32(initial, shape)), g.op("Exp", [parameter])]) };
  }

  /** The node that replaces a FakeQuant of an activation; undefined if appended nodes do. */
  #activation(fq: FakeQuant, shape: readonly number[]): Node | undefined {
    const g = this.#g;
    const { learn, drop, learnsStep } = this.#options;
    if (!(learn.has("step") && learnsStep(fq)))
      return { ...fq.node, attributes: { ...fq.node.attributes, learnable: 0 } };
    const initial = (this.#part.tensors.get(fq.scale)!.data as Float32Array)[0]!;
    const { parameter, scale } = this.#scale("step", fq.node.name, Float32Array.of(initial), []);
    const node = {
      ...fq.node,
      inputs: [fq.input, scale, fq.zeroPoint],
      attributes: { ...fq.node.attributes, learnable: 1 },
    };
    if (!drop) {
      this.#steps.push({ fakeQuant: fq, scale: initial, parameter, keep: undefined });
      return node;
    }
    const keep = g.input(`keep.${fq.node.name}`, "float32", shape);
    const input = this.#renamed.get(fq.input) ?? fq.input;
    const quantized = g.op("FakeQuant", [input, scale, fq.zeroPoint], node.attributes, { domain: "subbyte" });
    const change = g.op("Mul", [g.op("Sub", [quantized, input]), keep]);
    this.#renamed.set(fq.output, g.op("Add", [input, change]));
    this.#steps.push({ fakeQuant: fq, scale: initial, parameter, keep: { name: keep, shape } });
    return undefined;
  }

  /** The layer with soft weights and its learned bias. */
  #layer(node: Node): Node {
    const g = this.#g;
    const { learn } = this.#options;
    const [data, weightName, biasName] = node.inputs as [string, string, string?];
    const weight = this.#weights.get(weightName)!;
    const tensor = this.#part.tensors.get(weight.input)!;
    const scales = this.#part.tensors.get(weight.scale)!.data as Float32Array;
    const codes = learn.has("rounding") ? floorCodes(tensor, scales) : nearestCodes(tensor, scales, weight);

    let value = g.constant(codes);
    let rounding: string | undefined;
    if (learn.has("rounding")) {
      rounding = this.#parameter("rounding", node.name, initialRounding(tensor, scales));
      const h = softRounding(g, rounding);
      this.#roundings.push(h);
      const { min, max } = codeRange(weight);
      value = g.op("Clip", [g.op("Add", [value, h]), g.scalar(min), g.scalar(max)]);
    }
    const perChannel = [tensor.shape[0]!, ...tensor.shape.slice(1).map(() => 1)];
    const learned = learn.has("scale") ? this.#scale("scale", node.name, scales, perChannel) : undefined;
    const inputs = [data, g.op("Mul", [value, learned?.scale ?? g.constant(float32(scales, perChannel))])];

    let bias: string | undefined;
    let biasDelta: string | undefined;
    if (biasName) {
      const initial = this.#part.tensors.get(biasName)!;
      if (learn.has("bias")) bias = this.#parameter("bias", node.name, initial);
      biasDelta = g.input(`delta.${node.name}`, "float32", initial.shape);
      inputs.push(g.op("Add", [bias ?? biasName, biasDelta]));
    }
    this.#layers.push({ node, weight, scales, codes, rounding, scale: learned?.parameter, bias, biasDelta });
    return { ...node, inputs };
  }
}
