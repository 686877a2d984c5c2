/**
 * @file Quantization-aware training from a calibrated network: batch norm is separated from the weights, step sizes learn
 * together with them, the float network is the teacher, and the result is folded again. The network before training is measured
 * first, and kept if none is better.
 */

import { float32, type Graph, simplifyForImport } from "@subbyte/graph";
import type { ImageSet } from "../../data/types.js";
import { type ClassifierResult, evaluateGraph } from "../../evaluation/index.js";
import { percent } from "../../percent.js";
import type { SessionOptions } from "../../runtime/session.js";
import { DAMPING } from "../../training/damping.js";
import { crossEntropyLoss, distillationLoss, type Loss, train, weightedLoss } from "../../training/index.js";
import { snapBiases } from "../biases.js";
import { calibrationSample } from "../calibration.js";
import { fakeQuants, withTensors } from "../fake-quant.js";
import type { CalibrationInput } from "../ranges.js";
import { isBetterBeyondChance, isSmallerBeyondChance } from "./acceptance.js";
import { normalizedLayers, withBatchNorm, withoutBatchNorm } from "./batch-norm.js";
import { fidelityTo } from "./fidelity.js";
import { channelMoments, withMeasuredStatistics } from "./moments.js";
import { checkQatOptions, type QatOptions, type QatResult } from "./options.js";
import { type StepLearning, treatments, withLearnedSteps } from "./steps.js";
import { createTeacher, type Teacher } from "./teacher.js";

const STATISTICS_IMAGES = 1024;
/** Decay of PACT's bounds. */
const BOUND_DECAY = 1e-4;

/**
 * @returns the result of training, with graphs ready for `lower`; `best` is the baseline if no epoch was better by more than
 * chance
 * @throws {UsageError} if an option is out of its range; otherwise the errors of `train`
 */
export async function trainQuantized(options: QatOptions): Promise<QatResult> {
  checkQatOptions(options);
  const { graph, source, validation, mean, std, seed = 0, images, session = {}, onNote } = options;
  const { batchNorm = "kept", distillation, dampingWeight = 0, labelSmoothing = 0 } = options;
  const steps: StepLearning = {
    quantizer: options.quantizer ?? "lsq",
    stepRate: options.stepRate ?? 1,
    offsets: options.offsets ?? true,
    boundDecay: BOUND_DECAY,
  };
  const start = snapBiases(graph);
  const baseline = validation && (await evaluateGraph(start, validation, { ...session, mean, std }));
  if (baseline) onNote?.(`Before training: ${percent(baseline.top1)} of ${baseline.images} held-out images.`);

  const count = options.statisticsImages ?? STATISTICS_IMAGES;
  // The images are augmented as in training, because even a border of zeros changes the statistics: with statistics of plain
  // images, a ResNet-20 that was trained with --crop-padding 4 lost two points of accuracy.
  const sample = calibrationSample(images, { count, seed, mean, std, augmentation: options.augmentation });
  const float = source && simplifyForImport(source);
  const normalized = batchNorm === "folded" ? graph : await normalizing(graph, float ?? graph, source, sample, session);
  const learned = withLearnedSteps(normalized, steps);
  const finished = async (trained: Graph): Promise<Graph> => {
    const measured = batchNorm === "kept" ? await withMeasuredStatistics(trained, sample, session) : trained;
    return snapBiases(withWholeZeroPoints(withoutBatchNorm(measured)));
  };
  const weight = distillation?.weight ?? 0;
  const teacher = float && (await createTeacher(float, session));
  try {
    const result = await train({
      ...options,
      graph: learned,
      loss: lossOf(labelSmoothing, weight, distillation?.temperature ?? 1),
      parameters: treatments(learned, steps),
      freezeBatchNorm: batchNorm === "frozen",
      finished,
      ...(teacher && weight > 0 ? { target: teacher.logits, identity: { teacher: teacher.hash } } : {}),
      ...(dampingWeight > 0 ? { damping: true, inputs: (step, of) => dampingAt(dampingWeight, step / of) } : {}),
    });
    const [last, best] = [await finished(result.graph), await finished(result.best.graph)];
    const accepted =
      !baseline ||
      (await moreAccurate(best, baseline, validation!, options)) ||
      (teacher !== undefined && (await moreFaithful(best, start, teacher, options)));
    if (!accepted)
      onNote?.(
        "No epoch was better than the network before training by more than chance: the result is that network, unchanged. " +
          "More training images, more epochs or another learning rate may help.",
      );
    return {
      ...result,
      start,
      graph: last,
      best: accepted ? { ...result.best, graph: best } : { epoch: 0, graph: start },
      baseline: baseline && { top1: baseline.top1, loss: baseline.loss },
      kept: accepted ? "trained" : "baseline",
    };
  } finally {
    await teacher?.release();
  }
}

/** @param wanted the network whose layers have the means and variances that the result's layers get */
async function normalizing(
  graph: Graph,
  wanted: Graph,
  source: Graph | undefined,
  images: CalibrationInput,
  session: SessionOptions,
): Promise<Graph> {
  const layers = normalizedLayers(graph, source);
  const outputs = layers.map(({ output }) => output);
  const moments = await channelMoments(wanted, outputs, images, session);
  return withMeasuredStatistics(withBatchNorm(graph, layers, moments, source), images, session);
}

function lossOf(labelSmoothing: number, weight: number, temperature: number): Loss {
  return weightedLoss([
    { loss: crossEntropyLoss({ labelSmoothing }), weight: 1 - weight },
    { loss: distillationLoss(temperature), weight },
  ]);
}

const dampingAt = (weight: number, progress: number) => ({
  [DAMPING]: float32([(weight * (1 - Math.cos(Math.PI * progress))) / 2], []),
});

/** Rounds learned zero points to codes, as the bounds were rounded during training. */
function withWholeZeroPoints(graph: Graph): Graph {
  const rounded = fakeQuants(graph).map(({ zeroPoint }) => {
    const tensor = graph.tensors.get(zeroPoint)!;
    return [zeroPoint, { ...tensor, data: (tensor.data as Float32Array).map(Math.round) }] as const;
  });
  return withTensors(graph, new Map(rounded));
}

async function moreAccurate(
  best: Graph,
  baseline: ClassifierResult,
  validation: ImageSet,
  { mean, std, session = {} }: QatOptions,
): Promise<boolean> {
  const trained = await evaluateGraph(best, validation, { ...session, mean, std });
  return isBetterBeyondChance(trained.labels, trained, baseline);
}

async function moreFaithful(
  best: Graph,
  start: Graph,
  teacher: Teacher,
  { validation, mean, std, seed = 0, session = {}, onNote }: QatOptions,
): Promise<boolean> {
  const fidelity = await fidelityTo(teacher, validation!, { mean, std, seed, session });
  const [before, after] = [await fidelity.divergences(start), await fidelity.divergences(best)];
  const average = (values: Float64Array) => (values.reduce((sum, v) => sum + v, 0) / values.length).toPrecision(3);
  onNote?.(
    `Divergence from the float network on varied held-out images: ${average(before)} before, ${average(after)} after.`,
  );
  return isSmallerBeyondChance(after, before);
}
