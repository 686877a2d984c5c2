/** @file The task `bench` for a model file: the time of one image, on one thread and on all cores, and by operator. */

import { type LayerProfile, load, type TierName } from "@subbyte/engine";
import { type ImageTime, timeContestant, timeModel } from "../bench/index.js";
import { defined } from "../defined.js";
import { MachineError, UsageError } from "../errors.js";
import { modelBytes, type OpenedModel, type QuantizedModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
import { classifierOf } from "./classifier.js";
import { type Conditions, conditions } from "./conditions.js";
import { openTaskModel } from "./model.js";
import { preprocessingOf } from "./preprocessing.js";
import type { Run } from "./run.js";

/** Times of one image with this number of threads. */
export interface ThreadsTime extends ImageTime {
  readonly threads: number;
  /** The tier, if it ran on the engine. */
  readonly tier?: TierName;
}

export interface ModelBenchResult extends Conditions {
  readonly kind: "model";
  readonly model: string;
  readonly bytes: number;
  /** The integer engine for a `.sbq`, ONNX Runtime for other files. */
  readonly runtime: "engine" | "onnxruntime";
  readonly times: readonly ThreadsTime[];
  /** Each operator's shortest time on one thread; absent unless a profile was requested. */
  readonly layers?: readonly LayerProfile[];
}

type Options = TaskOptions<"bench">;

/** Options that only concern the networks that `bench` makes itself. */
const foreign = ["engine", "training", "networks", "bits", "only", "browser", "batch", "seed"] as const;

export async function benchModel(path: string, options: Options, run: Run): Promise<ModelBenchResult> {
  requireOwnOptions(path, run);
  const model = await openTaskModel(path, {}, run);
  if (options.profile && model.kind !== "quantized")
    throw new UsageError(
      "wrong-model-kind",
      { file: path, option: "profile", expected: "quantized" },
      `\`profile\`: layers are timed on the integer engine, which runs .sbq files; ${path} runs on ONNX Runtime.`,
    );
  const before = conditions();
  const times: ThreadsTime[] = [];
  for (const threads of options.threads === undefined ? new Set([1, before.cores]) : [options.threads]) {
    run.phase("measuring", threads === 1 ? "1 thread" : `${threads} threads`);
    try {
      times.push(await timeWith(threads, model, options, run));
    } catch (error) {
      // If the user gave no number of threads, the times on one thread are a result.
      if (!(error instanceof MachineError) || options.threads !== undefined || times.length === 0) throw error;
      run.note(error.message);
    }
  }
  return {
    kind: "model",
    model: path,
    bytes: modelBytes(model),
    runtime: model.kind === "quantized" ? "engine" : "onnxruntime",
    times,
    ...(options.profile ? { layers: await profileOf(model as QuantizedModel, options) } : {}),
    ...before,
  };
}

/**
 * @param allowed options for the networks that `bench` makes itself that have a meaning here, too
 * @throws {UsageError} if an option was given that has no meaning for a model file
 */
export function requireOwnOptions(path: string, run: Run, allowed: readonly (typeof foreign)[number][] = []): void {
  const given = foreign.find((name) => run.given.has(name) && !allowed.includes(name));
  if (given !== undefined)
    throw new UsageError(
      "option-conflict",
      { options: [given, "model"], file: path },
      `\`${given}\` is for networks that bench makes itself; leave it out, or leave ${path} out.`,
    );
}

async function timeWith(threads: number, model: OpenedModel, { turns, tier }: Options, run: Run): Promise<ThreadsTime> {
  const how = { turns, signal: run.signal, onTurn: (done: number) => run.progress(done, turns, { unit: "turns" }) };
  if (model.kind === "quantized") return timeModel(model.bytes, { ...how, threads, tier });
  const preprocessing = preprocessingOf(model, {});
  const { channels, height, width } = preprocessing;
  const classifier = await classifierOf(model, preprocessing, { tier, threads, disableQuantQdq: false });
  const contestant = {
    name: model.path,
    run: async (images: Uint8Array) => classifier.classify({ images, labels: new Int32Array(1), count: 1 }),
    release: () => classifier.close(),
  };
  return { ...(await timeContestant(contestant, channels * height * width, how)), threads };
}

async function profileOf({ bytes }: QuantizedModel, { tier, turns }: Options): Promise<readonly LayerProfile[]> {
  const loaded = await load(bytes, { ...defined({ tier }), worker: false });
  try {
    return await loaded.profile(turns);
  } finally {
    loaded.dispose();
  }
}
