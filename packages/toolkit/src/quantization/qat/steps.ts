/**
 * @file How step sizes (scales), zero points and weights of a quantized network are learned.
 *
 * - `lsq`: every step size is learned; its gradient is scaled by 1/√(N·q), where N is the number of elements that it quantizes
 *   (per channel, per image) and q the highest code. Esser et al. 2020, arXiv:1902.08153. For activations with both signs, the
 *   zero point is learned, too: LSQ+, Bhalgat et al. 2020, arXiv:2004.09576.
 * - `pact`: the upper bounds of activations are learned from the values that they clip, with decay; weights keep their step
 *   sizes. Choi et al. 2018, arXiv:1805.06085.
 * - `straight-through`: step sizes keep their calibrated values. Bengio et al. 2013, arXiv:1308.3432.
 *
 * The logarithms of step sizes are updated (`StepParameter.logarithmic`), so step sizes stay positive, and their learning rate
 * is relative.
 */

import { elementCount, type Graph, inferTypes, PACT } from "@subbyte/graph";
import type { quantizers } from "../../options/facts.js";
import type { TreatParameter } from "../../training/index.js";
import { codeRange, type FakeQuant, fakeQuant, fakeQuants, isFakeQuant } from "../fake-quant.js";
import { MIN_GAMMA } from "./batch-norm.js";

/** How scales are learned: `lsq` (learned step sizes), `pact`, or `straight-through` (not at all). */
export type Quantizer = (typeof quantizers)[number];

export interface StepLearning {
  readonly quantizer: Quantizer;
  /** Learning rate of step sizes, as a multiple of that of the run. */
  readonly stepRate: number;
  /** Whether zero points of activations with both signs are learned. */
  readonly offsets: boolean;
  /** Decay of PACT's bounds. */
  readonly boundDecay: number;
}

/** Marks the parameters in the graph's FakeQuant nodes that are learned; `TreatParameter` then finds them. */
export function withLearnedSteps(graph: Graph, { quantizer, offsets }: StepLearning): Graph {
  const image = graph.inputs[0]!.name;
  return {
    ...graph,
    nodes: graph.nodes.map((node) => {
      if (!isFakeQuant(node)) return node;
      const fq = fakeQuant(graph, node);
      const fixed = fq.input === image || quantizer === "straight-through" || (quantizer === "pact" && fq.ofWeights);
      const learnable = fixed ? 0 : quantizer === "pact" ? PACT : 1;
      const learnableZeroPoint = learnable === 1 && offsets && hasTwoSigns(graph, fq) ? 1 : 0;
      return { ...node, attributes: { ...node.attributes, learnable, learnableZeroPoint } };
    }),
  };
}

/** Whether an activation below 8 bits has negative values. */
const hasTwoSigns = (graph: Graph, { ofWeights, bits, zeroPoint }: FakeQuant): boolean =>
  !ofWeights && bits < 8 && Number(graph.tensors.get(zeroPoint)!.data[0]) > 0;

/** @param graph the result of `withLearnedSteps` */
export function treatments(graph: Graph, learning: StepLearning): TreatParameter {
  const types = inferTypes(graph);
  const quantizer = new Map(fakeQuants(graph).flatMap((fq) => [[fq.scale, fq] as const, [fq.zeroPoint, fq] as const]));
  const gammas = new Set(graph.nodes.filter(({ op }) => op === "BatchNormalization").map(({ inputs }) => inputs[1]!));
  return ({ name, isScale, isZeroPoint }) => {
    if (gammas.has(name)) return { minimum: MIN_GAMMA };
    const fq = quantizer.get(name);
    if (!fq || !(isScale || isZeroPoint)) return {};
    const { max } = codeRange(fq);
    const shape = types.get(fq.input)!.shape!;
    const elements = elementCount(shape.slice(1) as number[]);
    const gradientScale = 1 / Math.sqrt(elements * max);
    if (isScale)
      return {
        learningRate: learning.stepRate,
        logarithmic: true,
        gradientScale,
        weightDecay: learning.quantizer === "pact" ? learning.boundDecay : 0,
      };
    const scale = Number(graph.tensors.get(fq.scale)!.data[0]);
    return {
      learningRate: learning.stepRate,
      gradientScale: gradientScale / scale ** 2,
      weightDecay: 0,
      minimum: 0,
      maximum: max,
    };
  };
}
