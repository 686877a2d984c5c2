/**
 * @file The table of post-training quantization: one network at several bit policies, methods and seeds, each quantized with
 * calibration images, written as a `.sbq` file and evaluated on the integer engine.
 */

import { type Preprocessing, writeSbq } from "@subbyte/engine";
import { type Graph, simplifyForImport } from "@subbyte/graph";
import type { ImageSet } from "../data/types.js";
import { UsageError } from "../errors.js";
import { evaluateClassifier, floatClassifier, integerClassifier } from "../evaluation/index.js";
import { writeFileAtomic } from "../files.js";
import { lower } from "../lowering/lower.js";
import type { BitPolicy } from "../quantization/policy.js";
import { quantizeGraph } from "../quantization/quantize.js";
import type { ReconstructionOptions } from "../quantization/reconstruction/index.js";

/** One line of the table. */
export interface PtqConfiguration {
  readonly name: string;
  readonly policy: BitPolicy;
  /** A name of `methods`. */
  readonly method: string;
  /** Hyperparameters that differ from the method's own. */
  readonly reconstruction?: Partial<ReconstructionOptions>;
}

const bits = (weights: number, activations: number): BitPolicy => ({ weights, activations });

export const ptqConfigurations: readonly PtqConfiguration[] = [
  { name: "W8A8 ranges", policy: bits(8, 8), method: "mse" },
  { name: "W6A6 ranges", policy: bits(6, 6), method: "mse" },
  { name: "W4A4 ranges", policy: bits(4, 4), method: "mse" },
  { name: "W4A8", policy: bits(4, 8), method: "reconstruct" },
  { name: "W4A4", policy: bits(4, 4), method: "reconstruct" },
  { name: "W4A4 every layer", policy: { ...bits(4, 4), firstLastBits: 4 }, method: "reconstruct" },
  { name: "W3A3", policy: bits(3, 3), method: "reconstruct" },
  { name: "W2A2", policy: bits(2, 2), method: "reconstruct", reconstruction: { endToEnd: 600 } },
  // One change each, for the ablation.
  { name: "W4A4 adaround", policy: bits(4, 4), method: "adaround" },
  { name: "W4A4 full weight range", policy: { ...bits(4, 4), narrowWeights: false }, method: "reconstruct" },
  { name: "W4A4 residual 4 bits", policy: { ...bits(4, 4), residualBits: 4 }, method: "reconstruct" },
  { name: "W3A3 drop 0.5", policy: bits(3, 3), method: "reconstruct", reconstruction: { drop: 0.5 } },
  { name: "W3A3 weight scales fixed", policy: bits(3, 3), method: "reconstruct", reconstruction: { scaleRate: 0 } },
  { name: "W3A3 biases fixed", policy: bits(3, 3), method: "reconstruct", reconstruction: { biasRate: 0 } },
  { name: "W3A3 steps fixed", policy: bits(3, 3), method: "reconstruct", reconstruction: { stepRate: 0 } },
  { name: "W2A2 blocks alone", policy: bits(2, 2), method: "reconstruct" },
];

/** @throws {UsageError} listing the names there are */
export function ptqConfiguration(name: string): PtqConfiguration {
  const found = ptqConfigurations.find((configuration) => configuration.name === name);
  if (!found)
    throw new UsageError(
      `there is no configuration "${name}"; take one of ${ptqConfigurations.map((each) => `"${each.name}"`).join(", ")}`,
    );
  return found;
}

export interface PtqMeasurement {
  readonly configuration: PtqConfiguration;
  readonly seed: number;
  /** Of the engine on all test images, 0 … 1. */
  readonly accuracy: number;
  readonly images: number;
  /** User and system time of the process, all threads, from calibration to the file written; the evaluation is not in it. */
  readonly cpuSeconds: number;
  readonly fileBytes: number;
}

export interface PtqContext {
  /** Float network as imported. */
  readonly graph: Graph;
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly threads: number;
  readonly signal?: AbortSignal;
}

/** Accuracy of the float network on the test images. */
export async function floatAccuracy({ graph, test, mean, std, threads, signal }: PtqContext): Promise<number> {
  const shape = [test.channels, test.height, test.width] as const;
  const classifier = await floatClassifier(graph, shape, { mean, std, threads });
  try {
    return (await evaluateClassifier(classifier.classify, test, signal ? { signal } : {})).top1;
  } finally {
    await classifier.close();
  }
}

/** Quantizes, writes the file to `path`, evaluates it. */
export async function measurePtq(
  context: PtqContext,
  configuration: PtqConfiguration,
  options: { readonly seed: number; readonly path: string; readonly onProgress?: (text: string) => void },
): Promise<PtqMeasurement> {
  const { train, test, mean, std, threads, signal } = context;
  const { policy, method, reconstruction } = configuration;
  const { seed, path, onProgress } = options;
  const graph = simplifyForImport(context.graph);
  const before = process.cpuUsage();
  const quantized = await quantizeGraph(graph, train, {
    policy,
    method,
    seed,
    mean,
    std,
    threads,
    ...(reconstruction ? { reconstruction } : {}),
    ...(signal ? { signal } : {}),
    ...(onProgress
      ? { onReconstruction: (p) => onProgress(`${p.unit} ${p.iteration}/${p.iterations} loss ${p.loss.toFixed(4)}`) }
      : {}),
  });
  const { channels, height, width } = train;
  const preprocessing: Preprocessing = { channels, height, width, resize: "exact", mean: [...mean], std: [...std] };
  const provenance = { command: "measure-ptq", method, seed };
  const sbq = writeSbq(lower(quantized, { preprocessing, labels: train.classes, provenance }));
  await writeFileAtomic(path, sbq);
  const { user, system } = process.cpuUsage(before);

  const engine = await integerClassifier(sbq, { threads });
  try {
    const { top1, images } = await evaluateClassifier(engine.classify, test, signal ? { signal } : {});
    return { configuration, seed, accuracy: top1, images, cpuSeconds: (user + system) / 1e6, fileBytes: sbq.length };
  } finally {
    await engine.close();
  }
}
