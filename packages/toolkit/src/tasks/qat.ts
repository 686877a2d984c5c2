/**
 * @file The task `qat`: quantization-aware training from a float or a quantized network to a `.sbq` file, or with `bits` along
 * a chain of bit widths to one file per bit width.
 */

import { join } from "node:path";
import type { Graph } from "@subbyte/graph";
import type { ImageSet, OpenOptions } from "../data/index.js";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import type { FloatModel, OpenedModel, QuantizedModel } from "../model-file/index.js";
import { optionNames, optionOf, type TaskOptions } from "../options/index.js";
import { fakeQuants } from "../quantization/fake-quant.js";
import { trainQuantized } from "../quantization/qat/index.js";
import { qatReport } from "../report/qat-report.js";
import type { QatFigures } from "../report/qat-result.js";
import { lift } from "../simulation/lift.js";
import { bitPolicy } from "./bit-policy.js";
import { requireClasses } from "./classes.js";
import { CROP_HEADROOM, openImagesFor } from "./images.js";
import { machine } from "./machine.js";
import { asIntegers, openTaskModel } from "./model.js";
import { type Preparation, prepareImages } from "./preprocessing.js";
import { checkChainOptions, stagePolicy, trainedChain } from "./qat-chain.js";
import { finishedStage, floatFigures, type QatRun, stageOptions, stageSettings } from "./qat-stage.js";
import { floatStart, quantizedStart } from "./quantized-start.js";
import { defineTask, type Run } from "./run.js";

/** Result of the task `qat`. */
export interface QatTaskResult extends QatFigures {
  /** The HTML page with the curves, and what training did to each layer. */
  readonly report: string;
}

type Options = TaskOptions<"qat">;
type Opening = Pick<OpenOptions, "headroom" | "validationShare">;

/** The task `qat`: trains a network with quantized weights and activations. */
export const trainQuantizedModel = defineTask("qat", async (options, run): Promise<QatTaskResult> => {
  const model = asIntegers(await openTaskModel(options.model, options, run), options);
  if (model.kind === "quantized") requireUnquantizedOptions(model.path, run);
  const { qat, stages } = await trained(model, options, run);
  const { data, seed } = options;
  const float = model.kind === "float" ? await floatFigures(model, qat) : undefined;
  const common = { model: model.path, data, seed, validationSplit: qat.validation.split };
  const report = join(options.out, "report.html");
  const result: QatTaskResult = { ...common, ...defined({ float }), stages, report };
  await writeFileAtomic(report, await qatReport(result, machine()));
  return result;
});

async function trained(model: FloatModel | QuantizedModel, options: Options, run: Run) {
  const { validationShare = "auto", randomResizedCrop, bits } = options;
  const opening: Opening = { validationShare, ...(randomResizedCrop ? { headroom: CROP_HEADROOM } : {}) };
  /** Adds the images that choose the epoch; training uses those in `start`. */
  const qatRun = async ({ preparation, images, labels }: Omit<Start, "graph">): Promise<QatRun> => {
    const open = opener(model, preparation, options, run);
    const validation = await open(validationShare === 0 ? "evaluation" : "held-out");
    return { model, options, run, open, validation, images, labels, preprocessing: preparation.preprocessing };
  };
  if (model.kind === "float" && bits !== undefined) {
    checkChainOptions(bits, run);
    const policies = bits.map((width) => stagePolicy(options, width));
    const { settings, ...start } = await floatStart(model, options, run, { policies, opening });
    const qat = await qatRun(start);
    return { qat, stages: await trainedChain(qat, model.graph, settings, bits) };
  }
  const { graph, ...start } = await begin(model, options, run, opening);
  const qat = await qatRun(start);
  const settings = stageSettings(qat, Math.min(...fakeQuants(graph).map((each) => each.bits)));
  const result = await trainQuantized({ ...stageOptions(qat, settings, options.out), graph });
  return { qat, stages: [await finishedStage(qat, settings, result, "best.sbq")] };
}

/** A function that opens a split of the images, whichever split is used for training. */
function opener(model: OpenedModel, preparation: Preparation, { split: _, ...options }: Options, run: Run) {
  const { validationShare = "auto" } = options;
  return async (split: OpenOptions["split"]): Promise<ImageSet> => {
    const images = await openImagesFor(preparation, split, options, run, { validationShare });
    return requireClasses(model, images, options, run, { every: true }).images;
  };
}

interface Start {
  readonly graph: Graph;
  readonly preparation: Preparation;
  readonly images: ImageSet;
  readonly labels: readonly string[] | undefined;
}

/** A calibrated network, and the images for its training. */
async function begin(model: FloatModel | QuantizedModel, options: Options, run: Run, opening: Opening): Promise<Start> {
  if (model.kind === "float") {
    const start = await quantizedStart(model, options, run, { policy: bitPolicy(options), opening });
    const { quantized: graph, preparation, images, labels } = start;
    return { graph, preparation, images, labels };
  }
  const preparation = prepareImages(model, options, run);
  const opened = await openImagesFor(preparation, "train", options, run, opening);
  const { images, labels } = requireClasses(model, opened, options, run, { every: true });
  return { graph: lift(model.program), preparation, images, labels };
}

/**
 * @throws {UsageError} for an option about quantizing a float network; the `.sbq` is quantized and keeps its bit widths and
 * scales
 */
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
