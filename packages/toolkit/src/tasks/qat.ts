/**
 * @file The task `qat`: quantization-aware training from a float or a quantized network to a `.sbq` file, or with `bits` along a
 * chain of bit widths to a file for each.
 */

import type { Preprocessing } from "@subbyte/engine";
import type { ImageSet, OpenOptions } from "../data/index.js";
import { UsageError } from "../errors.js";
import type { OpenedModel } from "../model-file/index.js";
import { optionNames, optionOf, type TaskOptions } from "../options/index.js";
import { fakeQuants } from "../quantization/fake-quant.js";
import { trainQuantized } from "../quantization/qat/index.js";
import { lift } from "../simulation/lift.js";
import { bitPolicy } from "./bit-policy.js";
import { CROP_HEADROOM, openImagesFor, requireSameClasses } from "./images.js";
import { openTaskModel } from "./model.js";
import { preprocessingOf } from "./preprocessing.js";
import { checkChainOptions, stagePolicy, trainedChain } from "./qat-chain.js";
import { finishedStage, type QatRun, type QatStage, stageOptions, stageSettings } from "./qat-stage.js";
import { floatStart, quantizedStart } from "./quantized-start.js";
import { defineTask, type Run } from "./run.js";

export interface QatTaskResult {
  readonly model: string;
  readonly data: string;
  readonly seed: number;
  /** Part of the data that chose the best epoch. */
  readonly validationSplit: string;
  /** One, or one for each of `bits`. */
  readonly stages: readonly QatStage[];
}

type Options = TaskOptions<"qat">;
type Opening = Pick<OpenOptions, "headroom" | "validationShare">;

export const trainQuantizedModel = defineTask("qat", async (options, run): Promise<QatTaskResult> => {
  const model = await openTaskModel(options.model, options);
  if (model.kind === "quantized") requireUnquantizedOptions(model.path, run);
  const { qat, stages } = await trained(model, options, run);
  const { data, seed } = options;
  return { model: model.path, data, seed, validationSplit: qat.validation.split, stages };
});

async function trained(model: OpenedModel, options: Options, run: Run) {
  const { validationShare = "auto", randomResizedCrop, bits } = options;
  const opening: Opening = { validationShare, ...(randomResizedCrop ? { headroom: CROP_HEADROOM } : {}) };
  /** With the images that choose the epoch; those in `start` are trained on. */
  const qatRun = async (start: Pick<QatRun, "preprocessing" | "images" | "labels">): Promise<QatRun> => {
    requireSameClasses(model, start.images);
    const open = opener(start.preprocessing, options, run);
    const validation = await open(validationShare === 0 ? "evaluation" : "held-out");
    return { model, options, run, open, validation, ...start };
  };
  if (model.kind === "float" && bits !== undefined) {
    checkChainOptions(bits, run);
    const policies = bits.map((width) => stagePolicy(options, width));
    const { graph: _, settings, ...start } = await floatStart(model, options, run, policies, opening);
    const qat = await qatRun(start);
    return { qat, stages: await trainedChain(qat, model.graph, settings, bits) };
  }
  const { graph, ...start } = await begin(model, options, run, opening);
  const qat = await qatRun(start);
  const settings = stageSettings(qat, Math.min(...fakeQuants(graph).map((each) => each.bits)));
  const result = await trainQuantized({ ...stageOptions(qat, settings, options.out), graph });
  return { qat, stages: [await finishedStage(qat, settings, result, "best.sbq")] };
}

/** Opens a split of the images, whichever `split` is trained on. */
function opener(preprocessing: Preprocessing, { split: _, ...options }: Options, run: Run) {
  const { validationShare = "auto" } = options;
  return (split: OpenOptions["split"]): Promise<ImageSet> =>
    openImagesFor(preprocessing, split, options, run, { validationShare });
}

/** A calibrated network, and the images that it is trained on. */
async function begin(model: OpenedModel, options: Options, run: Run, opening: Opening) {
  if (model.kind === "float") {
    const start = await quantizedStart(model, options, run, { policy: bitPolicy(options), opening });
    const { quantized: graph, preprocessing, images, labels } = start;
    return { graph, preprocessing, images, labels };
  }
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
