/** @file The steps of a run: the tasks that make its network, and the evaluation that measures it. */

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { bitsName } from "../bits-name.js";
import { writeFileAtomic } from "../files.js";
import { learningMethodNames } from "../options/facts.js";
import { type EvaluateResult, evaluateModel } from "../tasks/evaluate.js";
import { trainQuantizedModel } from "../tasks/qat.js";
import { quantizeModel } from "../tasks/quantize.js";
import type { TaskContext } from "../tasks/run.js";
import { trainModel } from "../tasks/train.js";
import { FOLDER_LOCK } from "../training/folder-lock.js";
import { hasCheckpoint } from "../training/run-files.js";
import { agreementOfFiles } from "./agreement.js";
import type { SettingTask } from "./definition.js";
import { measureLatency } from "./latency.js";
import { floatFile, quantizedFile } from "./network-files.js";
import type { PlannedRun, StudyPlan } from "./planned-run.js";
import { type Measured, type RunResult, readRecord } from "./record.js";
import { isInputPath } from "./run-options.js";
import type { RunFolder, StudyFolder } from "./study-folder.js";
import { historyBeside } from "./training-log.js";

/** A run, with its study. */
export interface Execution {
  readonly plan: StudyPlan;
  readonly folder: StudyFolder;
  readonly run: PlannedRun;
}

type Result = Omit<RunResult, "notes">;

export function resultOf(execution: Execution, context: TaskContext): Promise<Result> {
  switch (execution.run.kind) {
    case "float":
      return floatResult(execution, context);
    case "quantized":
      return quantizedResult(execution, context);
    case "chain":
      return chainResult(execution, context);
    case "latency":
      return measureLatency(execution, context);
    default:
      return execution.run.kind satisfies never;
  }
}

async function floatResult(execution: Execution, context: TaskContext): Promise<Result> {
  const { run, folder } = execution;
  const files = folder.of(run);
  const train = optionsOf(execution, "train");
  const trained =
    train &&
    (await trainModel(
      { ...train, ...(await resumable(files)), out: files.work } as Parameters<typeof trainModel>[0],
      context,
    ));
  const model = floatFile(execution, run);
  const history = trained?.history ?? (await historyBeside(model));
  return {
    ...(await evaluated(execution, model, context)),
    ...(history === undefined ? {} : { history }),
    ...(trained === undefined ? {} : { bestEpoch: trained.best }),
  };
}

async function quantizedResult(execution: Execution, context: TaskContext): Promise<Result> {
  const { run, plan, folder } = execution;
  const files = folder.of(run);
  const float = plan.runs[run.needs[0]!]!;
  const model = floatFile(execution, float);
  const training = await quantizedModel(execution, model, context);
  const result = await evaluated(execution, quantizedFile(execution, run), context);
  const agreement = await agreementOfFiles(folder.of(float).predictions, files.predictions);
  return { ...result, ...training, ...(agreement === undefined ? {} : { agreement }) };
}

/** The result of a chain. The files of its stages stay in its folder, from which their runs take them. */
async function chainResult(execution: Execution, context: TaskContext): Promise<Result> {
  const { run, plan, folder } = execution;
  const { work } = folder.of(run);
  const { bits, ...options } = optionsOf(execution, "qat")!;
  const chain = bits as readonly number[];
  for (const width of chain) await rm(join(work, bitsName(width), FOLDER_LOCK), { force: true });
  const model = floatFile(execution, plan.runs[run.needs[0]!]!);
  const { stages } = await trainQuantizedModel({ ...options, bits: chain, model, out: work, resume: true }, context);
  return { stages: stages.map(({ history, best }, i) => ({ bits: chain[i]!, history, bestEpoch: best })) };
}

/** Copies the network of a chain's stage, with its training history. */
async function takenFromChain(
  { run, plan, folder }: Execution,
  stage: number,
): Promise<Pick<RunResult, "history" | "bestEpoch">> {
  const chain = plan.runs[run.needs[1]!]!;
  const files = folder.of(chain);
  await writeFileAtomic(folder.of(run).model, await readFile(join(files.work, `${bitsName(stage)}.sbq`)));
  const read = await readRecord(files.result, chain);
  const found = read.state === "done" ? read.record.result.stages?.find(({ bits }) => bits === stage) : undefined;
  return found === undefined ? {} : { history: found.history, bestEpoch: found.bestEpoch };
}

/** Makes the quantized network; returns the history if it was trained. */
async function quantizedModel(
  execution: Execution,
  model: string,
  context: TaskContext,
): Promise<Pick<RunResult, "history" | "bestEpoch">> {
  const { run, folder, plan } = execution;
  const files = folder.of(run);
  if (run.stage !== undefined) return takenFromChain(execution, run.stage);
  const quantize = optionsOf(execution, "quantize");
  if (quantize) {
    const state = learns(quantize) ? { checkpoint: files.reconstruction } : {};
    await quantizeModel({ ...quantize, ...state, model, out: files.model }, context);
    await rm(files.reconstruction, { force: true });
    return {};
  }
  const qat = optionsOf(execution, "qat");
  if (qat) {
    const { stages } = await trainQuantizedModel(
      { ...qat, ...(await resumable(files)), model, out: files.work } as Parameters<typeof trainQuantizedModel>[0],
      context,
    );
    const { history, best, out } = stages[0]!;
    await writeFileAtomic(files.model, await readFile(out));
    return { history, bestEpoch: best };
  }
  const history = await historyBeside(plan.locations[run.file!]!);
  return history === undefined ? {} : { history };
}

const learns = ({ method }: Readonly<Record<string, unknown>>): boolean =>
  (learningMethodNames as readonly unknown[]).includes(method);

type TaskSettings = Readonly<Record<string, unknown>> & { readonly data: string };

/** Options of a step with absolute paths; undefined if the run has no such step. */
function optionsOf({ run, plan }: Execution, task: SettingTask): TaskSettings | undefined {
  const step = run.steps.find((each) => each.task === task);
  if (step === undefined) return undefined;
  const entries = Object.entries(step.options).map(([name, value]): [string, unknown] => [
    name,
    isInputPath(name, value) ? plan.locations[value] : value,
  ]);
  return Object.fromEntries(entries) as TaskSettings;
}

/**
 * Whether there is something to resume. This process has the run's lock, so a lock inside the folder was left by a process that
 * died.
 */
async function resumable({ work }: RunFolder): Promise<{ readonly resume: boolean }> {
  await rm(join(work, FOLDER_LOCK), { force: true });
  return { resume: hasCheckpoint(work) };
}

/** With more classes, confusion matrices would make files of many megabytes. */
const MAX_CONFUSION_CLASSES = 100;

async function evaluated(
  execution: Execution,
  model: string,
  context: TaskContext,
): Promise<Pick<RunResult, "model" | "accuracy">> {
  const options = optionsOf(execution, "evaluate")!;
  const predictions = execution.folder.of(execution.run).predictions;
  const result = await evaluateModel({ ...options, model, predictions }, context);
  return { model: { sha256: result.sha256, bytes: result.fileBytes }, accuracy: measuredOf(result) };
}

const measuredOf = ({ images, split, top1, top5, topK, loss, classes, confusion }: EvaluateResult): Measured => ({
  images,
  split,
  top1,
  top5,
  topK,
  loss,
  classes: classes.length <= MAX_CONFUSION_CLASSES ? classes : [],
  ...(classes.length <= MAX_CONFUSION_CLASSES ? { confusion } : {}),
});
