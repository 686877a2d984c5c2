/** @file One training of the task `qat`: its settings and its file. A chain of bit widths has several. */

import { basename, join } from "node:path";
import { type Preprocessing, writeSbq } from "@subbyte/engine";
import { type Graph, simplifyForImport, type Tensor } from "@subbyte/graph";
import type { ImageSet, OpenOptions } from "../data/index.js";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { integerClassifier } from "../evaluation/index.js";
import { writeFileAtomic } from "../files.js";
import { lower } from "../lowering/lower.js";
import type { FloatModel, QuantizedModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
import { calibrationSample } from "../quantization/calibration.js";
import {
  type LayerChange,
  layerChanges,
  type QatOptions,
  type QatResult,
  qatDefaults,
} from "../quantization/qat/index.js";
import type { FloatFigures, QatStage } from "../report/qat-result.js";
import { runtimeOptions } from "../runtime/runtime-options.js";
import { probabilitiesOf } from "./classes.js";
import { classifierOf } from "./classifier.js";
import { imageTime } from "./quantized-figures.js";
import type { Run } from "./run.js";
import { testAccuracy } from "./test-images.js";
import { type TrainingStage, trainOptionsOf } from "./training.js";

/** Values that all stages share. */
export interface QatRun {
  readonly model: FloatModel | QuantizedModel;
  readonly options: TaskOptions<"qat">;
  readonly run: Run;
  readonly preprocessing: Preprocessing;
  /** Class names, if the images or the model have them. */
  readonly labels: readonly string[] | undefined;
  readonly images: ImageSet;
  /** The images that choose the epoch. */
  readonly validation: ImageSet;
  readonly open: (split: OpenOptions["split"]) => Promise<ImageSet>;
}

/**
 * The settings of a stage: the given options, and defaults for bit width, optimizer and number of images.
 * @param bits smallest bit width of any layer
 */
export function stageSettings({ model, options, run, images }: QatRun, bits: number) {
  const source = model.kind === "float" ? model.graph : undefined;
  const { optimizer, batch, quantizer, stepRate, batchNorm, temperature } = options;
  const teacher = source !== undefined;
  const defaults = qatDefaults({ bits, optimizer, images: images.length, batchSize: batch, teacher });
  if (!source && run.given.has("distillation") && options.distillation > 0)
    throw new UsageError(
      "option-conflict",
      { options: ["distillation", "model"], file: model.path },
      `\`distillation\` needs a float network as a teacher; ${model.path} is quantized. Give the float network, or leave it out.`,
    );
  const { epochs = defaults.epochs, lr = defaults.learningRate, damping = defaults.dampingWeight } = options;
  return {
    rates: {
      epochs,
      lr,
      weightDecay: run.given.has("weightDecay") ? options.weightDecay : defaults.weightDecay,
    },
    learning: {
      source,
      quantizer,
      stepRate,
      batchNorm,
      dampingWeight: damping,
      ...(source && options.distillation > 0 ? { distillation: { weight: options.distillation, temperature } } : {}),
    },
  };
}

export type StageSettings = ReturnType<typeof stageSettings>;

/** @param out folder of the stage */
export function stageOptions(
  { options, run, preprocessing, images, validation }: QatRun,
  { rates, learning }: StageSettings,
  out: string,
  stage?: TrainingStage,
): Omit<QatOptions, "graph"> {
  const { mean, std } = preprocessing;
  return { ...trainOptionsOf({ ...options, ...rates, out }, run, stage), ...learning, images, validation, mean, std };
}

/**
 * Writes the network that was kept, and evaluates it and the network before training on the test images.
 *
 * @param name of the file in the output folder
 */
export async function finishedStage(
  qat: QatRun,
  { rates }: StageSettings,
  result: QatResult,
  name: string,
): Promise<QatStage> {
  const { start, best, history, baseline, kept } = result;
  const { model, options, run, preprocessing, labels, open } = qat;
  const { seed, quantizer, threads } = options;
  const source = { source: basename(model.path), sourceHash: model.sha256 };
  const provenance = { command: "qat", method: quantizer, seed, ...source, epochs: rates.epochs };
  const probabilities = probabilitiesOf(model);
  const fileOf = (graph: Graph) =>
    writeSbq(lower(graph, { preprocessing, probabilities, provenance, ...defined({ labels }) }));
  const accuracyOf = (file: Uint8Array) => testAccuracy(open, () => integerClassifier(file, defined({ threads })), run);
  const bytes = fileOf(best.graph);
  const out = join(options.out, name);
  await writeFileAtomic(out, bytes);
  const test = await accuracyOf(bytes);
  return {
    out,
    bytes: bytes.length,
    best: best.epoch,
    history,
    baseline: baseline?.top1,
    validation:
      kept === "trained" ? history.find(({ epoch }) => epoch === best.epoch)?.validationAccuracy : baseline?.top1,
    kept,
    ...rates,
    test,
    baselineTest: test && kept === "trained" ? await accuracyOf(fileOf(start)) : test,
    time: await imageTime(bytes, run),
    layers: kept === "trained" ? await changesOf(result, qat) : [],
  };
}

/** Number of training images on which the layers' distance from the float network is measured. */
const COMPARED_IMAGES = 128;

async function changesOf({ start, best }: QatResult, qat: QatRun): Promise<readonly LayerChange[]> {
  const { model, options, images, preprocessing, run } = qat;
  if (model.kind === "quantized") return layerChanges(start, best.graph, undefined);
  run.phase("measuring");
  const { mean, std } = preprocessing;
  const { seed } = options;
  const sample = calibrationSample(images, { count: COMPARED_IMAGES, seed, mean, std });
  const batches: Tensor[] = [];
  for await (const batch of sample.batches()) batches.push(batch);
  const reference = { graph: simplifyForImport(model.graph), batches, session: runtimeOptions(options) };
  return layerChanges(start, best.graph, reference);
}

/** Figures of the float network on the same images, for comparison. */
export async function floatFigures(
  model: FloatModel,
  { options, run, preprocessing, validation, open }: QatRun,
): Promise<FloatFigures> {
  const classifier = () => classifierOf(model, preprocessing, { ...options, tier: "auto", disableQuantQdq: false });
  const heldOut = await testAccuracy(async () => validation, classifier, run);
  const test = options.validationShare === 0 ? heldOut : await testAccuracy(open, classifier, run);
  return { bytes: model.bytes.length, validation: heldOut!.top1, test };
}
