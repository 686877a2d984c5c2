/**
 * @file The table of post-training quantization: one network in several configurations and with several seeds, each quantized,
 * written as a `.sbq` file and evaluated on the integer engine.
 */

import { type Preprocessing, writeSbq } from "@subbyte/engine";
import { type Graph, simplifyForImport } from "@subbyte/graph";
import type { ImageSet } from "../data/types.js";
import { evaluateClassifier, floatClassifier, integerClassifier } from "../evaluation/index.js";
import { writeFileAtomic } from "../files.js";
import { lower } from "../lowering/lower.js";
import { chooseWidths } from "../quantization/mixed-precision/choose-widths.js";
import type { BitPolicy, LayerOverride } from "../quantization/policy.js";
import { quantizeGraph } from "../quantization/quantize.js";
import { synthesizeImages } from "../quantization/synthesis.js";
import { type AverageBits, averageBits } from "./average-bits.js";
import type { CalibrationSource, PtqConfiguration, WidthChoice } from "./ptq-configurations.js";

export interface PtqMeasurement {
  readonly configuration: PtqConfiguration;
  readonly seed: number;
  /** Of the engine on all test images, 0 … 1. */
  readonly accuracy: number;
  readonly images: number;
  /**
   * User and system time of the process, all threads, from calibration (images made, widths chosen) to the file written; the
   * evaluation is not in it.
   */
  readonly cpuSeconds: number;
  readonly fileBytes: number;
  /** What mixed precision chose, and what it comes to in the quantized network. */
  readonly mixed?: { readonly layers: readonly LayerOverride[]; readonly averageBits: AverageBits };
}

export interface PtqContext {
  /** Float network as imported. */
  readonly graph: Graph;
  /** The same network with its BatchNormalization nodes, which configurations without data start from; `graph` where absent. */
  readonly batchNormGraph?: Graph;
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly threads: number;
  readonly signal?: AbortSignal;
}

export interface PtqRun {
  readonly seed: number;
  /** Of the `.sbq` file. */
  readonly path: string;
  readonly onProgress?: (text: string) => void;
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

/**
 * Quantizes, writes the file, evaluates it.
 * @throws {UsageError | DataError | ModelError} where the configuration does not fit the network
 */
export async function measurePtq(
  context: PtqContext,
  configuration: PtqConfiguration,
  run: PtqRun,
): Promise<PtqMeasurement> {
  const { mean, std, threads, signal } = context;
  const { calibration, widths, name: _, ablates: __, ...methodOptions } = configuration;
  const { seed, path, onProgress } = run;
  const before = process.cpuUsage();
  const { graph, images } = await calibrationFor(context, calibration, run);
  const policy = await policyFor(context, widths, { graph, images }, run);
  const quantized = await quantizeGraph(graph, images, {
    ...methodOptions,
    policy,
    seed,
    mean,
    std,
    threads,
    ...(calibration.images === undefined ? {} : { calibrationImages: calibration.images }),
    ...(signal ? { signal } : {}),
    ...(onProgress
      ? { onReconstruction: (p) => onProgress(`${p.unit} ${p.iteration}/${p.iterations} loss ${p.loss.toFixed(4)}`) }
      : {}),
  });
  const { channels, height, width, classes } = images;
  const preprocessing: Preprocessing = { channels, height, width, resize: "exact", mean: [...mean], std: [...std] };
  const provenance = { command: "measure-ptq", method: configuration.method, seed };
  const labels = classes.length > 0 ? { labels: classes } : {};
  const sbq = writeSbq(lower(quantized, { preprocessing, ...labels, provenance }));
  await writeFileAtomic(path, sbq);
  const { user, system } = process.cpuUsage(before);
  return {
    configuration,
    seed,
    ...(await engineAccuracy(sbq, context)),
    cpuSeconds: (user + system) / 1e6,
    fileBytes: sbq.length,
    ...(widths.kind === "mixed" ? { mixed: { layers: policy.layers ?? [], averageBits: averageBits(quantized) } } : {}),
  };
}

/** What quantization starts from. */
interface Calibration {
  /** Float network, simplified. */
  readonly graph: Graph;
  /** To measure ranges on. */
  readonly images: ImageSet;
}

async function calibrationFor(
  { graph, batchNormGraph = graph, train, mean, std, threads, signal }: PtqContext,
  source: CalibrationSource,
  { seed, onProgress }: PtqRun,
): Promise<Calibration> {
  if (source.kind === "training") return { graph: simplifyForImport(graph), images: train };
  const { kind: _, ...size } = source;
  const { images } = await synthesizeImages(batchNormGraph, {
    ...size,
    seed,
    mean,
    std,
    threads,
    ...(signal ? { signal } : {}),
    ...(onProgress
      ? { onProgress: (done, of, loss) => onProgress(`images ${done}/${of} loss ${loss.toFixed(4)}`) }
      : {}),
  });
  return { graph: simplifyForImport(batchNormGraph), images };
}

/** Of inner layers, until each gets a width of its own. */
const undecided: BitPolicy = { weights: 8, activations: 8 };

async function policyFor(
  { mean, std, threads, signal }: PtqContext,
  choice: WidthChoice,
  { graph, images }: Calibration,
  { seed, onProgress }: PtqRun,
): Promise<BitPolicy> {
  if (choice.kind === "policy") return choice.policy;
  const { layers } = await chooseWidths(graph, images, {
    policy: undecided,
    budget: { averageBits: choice.averageBits },
    ...(choice.images ? { images: choice.images } : {}),
    ...(choice.widths ? { widths: choice.widths } : {}),
    seed,
    mean,
    std,
    threads,
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress: (done, of) => onProgress(`sensitivity ${done}/${of}`) } : {}),
  });
  return { ...undecided, layers };
}

async function engineAccuracy(
  sbq: Uint8Array,
  { test, threads, signal }: PtqContext,
): Promise<Pick<PtqMeasurement, "accuracy" | "images">> {
  const engine = await integerClassifier(sbq, { threads });
  try {
    const { top1, images } = await evaluateClassifier(engine.classify, test, signal ? { signal } : {});
    return { accuracy: top1, images };
  } finally {
    await engine.close();
  }
}
