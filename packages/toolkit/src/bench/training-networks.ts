/** @file Networks whose training is measured, and their steps: in float, and with learned quantization. */

import { type Graph, simplifyForImport } from "@subbyte/graph";
import { buildModel } from "../models/registry.js";
import { codeRange, fakeQuants, withTensors } from "../quantization/fake-quant.js";
import { insertFakeQuant } from "../quantization/insert.js";
import { normalizedLayers, withBatchNorm } from "../quantization/qat/batch-norm.js";
import { type StepLearning, treatments, withLearnedSteps } from "../quantization/qat/steps.js";
import type { ClassifierStepOptions } from "../training/classifier-step-graph.js";
import { type NetworkChoice, networkKey } from "./comparison.js";

export interface TrainingNetwork extends NetworkChoice {
  /** Images per step. */
  readonly batchSize: number;
}

/** The networks that are measured if none are named. */
export const trainingNetworks: readonly TrainingNetwork[] = [
  { architecture: "resnet18", stem: "cifar", size: 32, batchSize: 64 },
  { architecture: "resnet50", stem: "cifar", size: 32, batchSize: 32 },
  { architecture: "resnet18", size: 32, batchSize: 64 },
  { architecture: "resnet18", size: 112, batchSize: 16 },
  { architecture: "resnet50", size: 32, batchSize: 32 },
  { architecture: "resnet20", size: 32, batchSize: 128 },
];

const OTHER_BATCH = 64;

/** The batch size with which a network is measured by default. */
export const usualBatch = (choice: NetworkChoice): number =>
  trainingNetworks.find((each) => networkKey(each) === networkKey(choice))?.batchSize ?? OTHER_BATCH;

/** A network to be trained, and the settings of its training. */
export interface TrainedNetwork {
  readonly graph: Graph;
  readonly step: ClassifierStepOptions;
}

export const CLASSES = 10;
const WEIGHT_DECAY = 5e-4;
const learning: StepLearning = { quantizer: "lsq", stepRate: 1, offsets: true, boundDecay: 0 };

/** @param bits of weights and activations; the first and last layer have 8. Undefined means float */
export function trainedNetwork(
  { architecture, stem, size, batchSize }: TrainingNetwork,
  bits: number | undefined,
  seed: number,
): TrainedNetwork {
  const source = buildModel(architecture, {
    classes: CLASSES,
    size,
    channels: 3,
    seed,
    ...(stem === undefined ? {} : { stem }),
  });
  const step = { batchSize, optimizer: { name: "sgd", momentum: 0.9 }, weightDecay: WEIGHT_DECAY } as const;
  if (bits === undefined) return { graph: source, step };
  const graph = quantized(source, bits);
  return { graph, step: { ...step, parameters: treatments(graph, learning) } };
}

/** The graph that `qat` trains, with step sizes that only suit random weights. */
function quantized(source: Graph, bits: number): Graph {
  const inserted = insertFakeQuant(simplifyForImport(source), { weights: bits, activations: bits });
  const scales = fakeQuants(inserted).map((fq) => {
    const scale = inserted.tensors.get(fq.scale)!;
    const weights = fq.ofWeights ? (inserted.tensors.get(fq.input)!.data as Float32Array) : Float32Array.of(1);
    const size = weights.reduce((sum, w) => sum + Math.abs(w), 0) / weights.length;
    const data = (scale.data as Float32Array).map(() => (2 * size) / Math.sqrt(codeRange(fq).max));
    return [fq.scale, { ...scale, data }] as const;
  });
  const graph = withTensors(inserted, new Map(scales));
  const layers = normalizedLayers(graph, source);
  const moments = layers.map(({ conv }) => {
    const channels = graph.tensors.get(conv.inputs[2]!)!.data.length;
    return { mean: new Float32Array(channels), variance: new Float32Array(channels).fill(1) };
  });
  return withLearnedSteps(withBatchNorm(graph, layers, moments, source), learning);
}
