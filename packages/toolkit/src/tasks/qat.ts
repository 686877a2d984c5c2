/** @file The task `qat`: quantization-aware training from a float or a quantized network to a `.sbq` file. */

import { join } from "node:path";
import { type Preprocessing, writeSbq } from "@subbyte/engine";
import type { Graph } from "@subbyte/graph";
import type { ImageSet, OpenOptions } from "../data/index.js";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { integerClassifier } from "../evaluation/index.js";
import { writeFileAtomic } from "../files.js";
import { lower } from "../lowering/lower.js";
import type { OpenedModel } from "../model-file/index.js";
import { optionNames, optionOf, type TaskOptions } from "../options/index.js";
import { fakeQuants } from "../quantization/fake-quant.js";
import { type QatResult, qatDefaults, trainQuantized } from "../quantization/qat/index.js";
import { lift } from "../simulation/lift.js";
import type { EpochRecord } from "../training/index.js";
import { bitPolicy } from "./bit-policy.js";
import { CROP_HEADROOM, openImagesFor, requireSameClasses } from "./images.js";
import { openTaskModel } from "./model.js";
import { preprocessingOf } from "./preprocessing.js";
import { quantizedStart } from "./quantized-start.js";
import { defineTask, type Run } from "./run.js";
import { type TestAccuracy, testAccuracy } from "./test-images.js";
import { trainOptionsOf } from "./training.js";

export interface QatTaskResult {
  readonly model: string;
  readonly data: string;
  /** The `.sbq` file of the network that was kept. */
  readonly out: string;
  readonly bytes: number;
  readonly seed: number;
  /** Epoch; 0 where the network before training was kept. */
  readonly best: number;
  readonly history: readonly EpochRecord[];
  /** Part of the data that chose the best epoch. */
  readonly validationSplit: string;
  /** Accuracy on that part of the simulated network before training. */
  readonly baseline: number | undefined;
  /** Whether a trained network is in the file, or the one before training since no epoch was better beyond chance. */
  readonly kept: QatResult["kept"];
  /** Settings that followed from bit width, optimizer and number of images. */
  readonly epochs: number;
  readonly lr: number;
  readonly weightDecay: number;
  /** Accuracy of the file on the integer engine; absent where the data has no test images. */
  readonly test: TestAccuracy | undefined;
}

type Options = TaskOptions<"qat">;

export const trainQuantizedModel = defineTask("qat", async (options, run): Promise<QatTaskResult> => {
  const model = await openTaskModel(options.model, options);
  const { validationShare = "auto", seed, threads, quantizer } = options;
  const { graph, preprocessing, images, labels } = await begin(model, options, run);
  requireSameClasses(model, images);
  const { split: _, ...evaluation } = options;
  const open = (split: OpenOptions["split"]) =>
    openImagesFor(preprocessing, split, evaluation, run, { validationShare });
  const validation = await open(validationShare === 0 ? "evaluation" : "held-out");
  const { epochs, lr, weightDecay, ...settings } = settingsOf(options, model, graph, images, run);
  const result = await trainQuantized({
    ...trainOptionsOf({ ...options, epochs, lr, weightDecay }, run),
    ...settings,
    graph,
    images,
    validation,
    mean: preprocessing.mean,
    std: preprocessing.std,
    onNote: (text) => run.note(text),
  });
  const program = lower(result.best.graph, {
    preprocessing,
    ...(labels === undefined ? {} : { labels }),
    probabilities: model.kind === "float" ? model.probabilities : (model.program.probabilities ?? "softmax"),
    provenance: { command: "qat", method: quantizer, seed, source: model.path, sourceHash: model.sha256, epochs },
  });
  const bytes = writeSbq(program);
  const out = join(options.out, "best.sbq");
  await writeFileAtomic(out, bytes);
  return {
    model: model.path,
    data: options.data,
    out,
    bytes: bytes.length,
    seed,
    best: result.best.epoch,
    history: result.history,
    validationSplit: validation.split,
    baseline: result.baseline?.top1,
    kept: result.kept,
    epochs,
    lr,
    weightDecay,
    test: await testAccuracy(open, () => integerClassifier(bytes, defined({ threads })), run),
  };
});

/** What is given, and for the rest what suits bit width, optimizer and number of images. */
function settingsOf(options: Options, model: OpenedModel, graph: Graph, images: ImageSet, run: Run) {
  const source = model.kind === "float" ? model.graph : undefined;
  const { optimizer, batch, quantizer, stepRate, batchNorm, temperature } = options;
  const defaults = qatDefaults({
    bits: Math.min(...fakeQuants(graph).map(({ bits }) => bits)),
    optimizer,
    images: images.length,
    batchSize: batch,
    teacher: source !== undefined,
  });
  if (!source && run.given.has("distillation") && options.distillation > 0)
    throw new UsageError(
      "option-conflict",
      { options: ["distillation", "model"], file: model.path },
      `\`distillation\` needs a float network as a teacher; ${model.path} is quantized. Give the float network, or leave it out.`,
    );
  const { epochs = defaults.epochs, lr = defaults.learningRate, damping = defaults.dampingWeight } = options;
  return {
    epochs,
    lr,
    weightDecay: run.given.has("weightDecay") ? options.weightDecay : defaults.weightDecay,
    source,
    quantizer,
    stepRate,
    batchNorm,
    dampingWeight: damping,
    ...(source && options.distillation > 0 ? { distillation: { weight: options.distillation, temperature } } : {}),
  };
}

interface Start {
  readonly graph: Graph;
  readonly preprocessing: Preprocessing;
  readonly images: ImageSet;
  readonly labels: readonly string[] | undefined;
}

async function begin(model: OpenedModel, options: Options, run: Run): Promise<Start> {
  const { validationShare = "auto", randomResizedCrop } = options;
  const opening: Pick<OpenOptions, "headroom" | "validationShare"> = {
    validationShare,
    ...(randomResizedCrop ? { headroom: CROP_HEADROOM } : {}),
  };
  if (model.kind === "float") {
    const start = await quantizedStart(model, options, run, { policy: bitPolicy(options), opening });
    return { ...start, graph: start.quantized };
  }
  requireUnquantizedOptions(model.path, run);
  const preprocessing = preprocessingOf(model, options);
  const images = await openImagesFor(preprocessing, "train", options, run, opening);
  return { graph: lift(model.program), preprocessing, images, labels: model.program.labels ?? images.classes };
}

/** @throws {UsageError} for an option that says how a float network is quantized: the `.sbq` is, and keeps its bit widths and scales */
function requireUnquantizedOptions(path: string, run: Run): void {
  const foreign = optionNames("qat").find(
    (name) => run.given.has(name) && ["Bit widths", "Method"].includes(optionOf("qat", name).group),
  );
  if (foreign !== undefined)
    throw new UsageError(
      "option-conflict",
      { options: [foreign, "model"], file: path },
      `\`${foreign}\` says how a float network is quantized; ${path} is quantized already and keeps its bit widths and scales. Leave it out.`,
    );
}
