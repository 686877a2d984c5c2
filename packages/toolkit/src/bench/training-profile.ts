/** @file Measures where the time of a training step goes. */

import { bitsName } from "../bits-name.js";
import type { NodeTime } from "../runtime/profile-file.js";
import { networkKey } from "./comparison.js";
import { type TrainingNetwork, trainedNetwork } from "./training-networks.js";
import { ownContestant } from "./training-turns.js";

/** The purpose of a node in a training step. */
export type StepPart =
  | "convolution"
  | "input gradient"
  | "weight gradient"
  | "batch norm"
  | "batch norm gradient"
  | "quantization"
  | "quantization gradient"
  | "activation"
  | "activation gradient"
  | "linear, pooling, sums"
  | "loss and update";

/** Times of the nodes of a training step. */
export interface StepProfile {
  /** Such as `"resnet18-cifar-32"`. */
  readonly network: string;
  /** `float` or `w4a4`. */
  readonly form: string;
  readonly batchSize: number;
  readonly threads: number;
  /** Sum over all nodes, each at its fastest step. */
  readonly milliseconds: number;
  /** Milliseconds by purpose and by ONNX operator, the longest first. */
  readonly parts: readonly Share[];
  readonly operators: readonly Share[];
  /** The nodes that take longest. */
  readonly nodes: readonly { readonly name: string; readonly operator: string; readonly milliseconds: number }[];
}

export interface Share {
  readonly name: string;
  readonly milliseconds: number;
  readonly nodes: number;
}

const LONGEST = 20;

/** Times each node of a training step. */
export async function profileTraining(
  network: TrainingNetwork,
  bits: number | undefined,
  { steps, seed, threads }: { readonly steps: number; readonly seed: number; readonly threads: number },
): Promise<StepProfile> {
  const trained = trainedNetwork(network, bits, seed);
  const form = bits === undefined ? "float" : bitsName(bits);
  const contestant = await ownContestant(form, trained, { threads, seed, profiled: true });
  try {
    for (let step = 0; step < steps; step++) await contestant.step();
    const nodes = (await contestant.profile()).map((node) => ({ ...node, fastest: Math.min(...node.milliseconds) }));
    const operators = new Map(trained.graph.nodes.map(({ name, op }) => [name, op]));
    const longest = nodes.toSorted((a, b) => b.fastest - a.fastest).slice(0, LONGEST);
    return {
      network: networkKey(network),
      form,
      batchSize: network.batchSize,
      threads,
      milliseconds: nodes.reduce((sum, { fastest }) => sum + fastest, 0),
      parts: shares(nodes, (node) => partOf(node, operators)),
      operators: shares(nodes, ({ op }) => op),
      nodes: longest.map(({ name, op, fastest }) => ({ name, operator: op, milliseconds: fastest })),
    };
  } finally {
    await contestant.release();
  }
}

type Timed = NodeTime & { readonly fastest: number };

function shares(nodes: readonly Timed[], of: (node: Timed) => string): readonly Share[] {
  const sums = new Map<string, { milliseconds: number; nodes: number }>();
  for (const node of nodes) {
    const sum = sums.get(of(node)) ?? { milliseconds: 0, nodes: 0 };
    sum.milliseconds += node.fastest;
    sum.nodes++;
    sums.set(of(node), sum);
  }
  const list = [...sums].map(([name, sum]) => ({ name, ...sum }));
  return list.sort((a, b) => b.milliseconds - a.milliseconds);
}

const gradientParts: readonly (readonly [RegExp, StepPart])[] = [
  [/^ConvInputGradient/, "input gradient"],
  [/^ConvWeightGradient/, "weight gradient"],
  [/^BatchNormalizationGradient/, "batch norm gradient"],
  [/^FakeQuantGradient/, "quantization gradient"],
  [/^(Relu|Clip)Gradient/, "activation gradient"],
  [/^MaxPoolGradient/, "linear, pooling, sums"],
];

const forwardParts: Readonly<Record<string, StepPart>> = {
  Conv: "convolution",
  BatchNormalization: "batch norm",
  FakeQuant: "quantization",
  Relu: "activation",
  Clip: "activation",
};

/**
 * The part of the step to which a node belongs, by its name: decompositions name their nodes `<node>/<operator>`, and
 * gradients have the names of their operators.
 */
function partOf({ name }: NodeTime, operators: ReadonlyMap<string, string>): StepPart {
  const gradient = gradientParts.find(([pattern]) => pattern.test(name));
  if (gradient) return gradient[1];
  for (let stem = name; stem !== ""; stem = stem.includes("/") ? stem.slice(0, stem.lastIndexOf("/")) : "") {
    const op = operators.get(stem);
    if (op !== undefined) return forwardParts[op] ?? "linear, pooling, sums";
  }
  return "loss and update";
}
