/** @file The task `bench`: speed of the engine side by side with other runtimes, layer by layer, and of training. */

import { availableParallelism } from "node:os";
import type { TierName } from "@subbyte/engine";
import {
  benchEngine,
  benchNetworks,
  benchTraining,
  comparisons,
  type EngineBench,
  findPytorch,
  type NetworkChoice,
  type NetworkProfile,
  networkKey,
  type Processor,
  processor,
  profileEngine,
  profileTraining,
  raceInBrowser,
  type StepProfile,
  type TrainingBench,
  type TrainingNetwork,
  trainingNetworks,
  usualBatch,
} from "../bench/index.js";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { stemNames } from "../models/architecture.js";
import { findArchitecture } from "../models/index.js";
import type { TaskOptions } from "../options/index.js";
import { type AgainstResult, benchAgainst } from "./bench-against.js";
import { benchModel, type ModelBenchResult } from "./bench-model.js";
import { type Conditions, conditions } from "./conditions.js";
import { machine } from "./machine.js";
import { runtimesOfPage } from "./page-runtimes.js";
import { defineTask, type Run } from "./run.js";

/** Times of the engine and of its peers. */
export interface EngineBenchResult extends Conditions, EngineBench {
  readonly kind: "engine";
  readonly browser?: string;
  readonly threads: number;
}

/** Times of the operators of each network. */
export interface ProfileResult {
  readonly kind: "profile";
  readonly profiles: readonly NetworkProfile[];
}

/** Times of training steps. */
export interface TrainingBenchResult extends Conditions, TrainingBench {
  readonly kind: "training";
  /** Version of PyTorch; absent if it was not measured. */
  readonly pytorch?: string;
  readonly threads: number;
  /** Peak memory of this process so far, over all networks. */
  readonly peakMemoryBytes: number;
}

/** Times of the nodes of training steps. */
export interface TrainingProfileResult extends Processor {
  readonly kind: "training profile";
  readonly steps: readonly StepProfile[];
}

/** Result of the task `bench`; `kind` tells which. */
export type BenchResult =
  | ModelBenchResult
  | AgainstResult
  | EngineBenchResult
  | ProfileResult
  | TrainingBenchResult
  | TrainingProfileResult;

type Options = TaskOptions<"bench">;

/** The task `bench`: compares the speed of the engine with other runtimes, or times training steps. */
export const bench = defineTask("bench", async (options, run): Promise<BenchResult> => {
  if (options.model !== undefined)
    return options.against === undefined
      ? benchModel(options.model, options, run)
      : benchAgainst(options.model, options.against, options, run);
  if (options.against !== undefined)
    throw new UsageError(
      "option-missing",
      { option: "model", options: ["model"] },
      "`against`: say which model file is compared: bench model.sbq `against` model.onnx.",
    );
  if (options.engine === options.training)
    throw new UsageError(
      "option-missing",
      { option: "model", options: ["model", "engine", "training"] },
      "say what to measure: bench model.sbq, bench `engine` or bench `training`.",
    );
  const networks = options.networks?.map(networkChoice);
  if (options.training) return training(networks ?? trainingNetworks, options, run);
  if (options.profile)
    return { kind: "profile", ...machine(), profiles: await profiles(networks ?? benchNetworks, options, run) };
  return engine(networks ?? benchNetworks, options, run);
});

async function engine(networks: readonly NetworkChoice[], options: Options, run: Run): Promise<EngineBenchResult> {
  const { turns, seed, bits, threads = 1, only } = options;
  const browser = options.browser ? await raceInBrowser(options.browserFlag) : undefined;
  try {
    const wanted = comparisons({
      networks,
      bits,
      tiers: tiersOf(options),
      threads,
      scaleTo: Math.min(2, availableParallelism()),
      runtimes: browser ? runtimesOfPage(run) : ["ort-web", "ort-node"],
      ...defined({ only }),
    });
    if (wanted.length === 0)
      throw new UsageError(
        "option-choice",
        { option: "only", value: only ?? [], allowed: [] },
        `\`only\` ${only?.join(",")}: no comparison has a key that contains this.`,
      );
    const before = conditions();
    const measured = await benchEngine({
      comparisons: wanted,
      turns,
      seed,
      signal: run.signal,
      ...defined({ runRace: browser?.runRace }),
      onStep: (step, done) => {
        if (done === undefined) run.phase("measuring", step);
        else run.progress(done, turns, { detail: step, unit: "turns" });
      },
    });
    return { kind: "engine", ...before, ...defined({ browser: browser?.browser }), threads, ...measured };
  } finally {
    await browser?.close();
  }
}

const tiersOf = ({ tier }: Options): (TierName | "auto")[] => (tier === "auto" ? ["auto", "simd"] : [tier]);

async function profiles(
  networks: readonly NetworkChoice[],
  options: Options,
  run: Run,
): Promise<readonly NetworkProfile[]> {
  const { bits, turns: runs, seed } = options;
  const all: NetworkProfile[] = [];
  for (const network of networks) {
    run.signal.throwIfAborted();
    run.phase("measuring", networkKey(network));
    all.push(...(await profileEngine(network, { bits, tiers: tiersOf(options), runs, seed })));
  }
  return all;
}

function training(
  choices: readonly NetworkChoice[],
  options: Options,
  run: Run,
): Promise<TrainingBenchResult | TrainingProfileResult> {
  const networks = choices.map((choice) => ({
    ...choice,
    batchSize: run.given.has("batch") ? options.batch : usualBatch(choice),
  }));
  const bits = run.given.has("bits") ? options.bits : QUANTIZED_STEPS;
  return options.profile ? trainingProfiles(networks, bits, options, run) : trainingRace(networks, bits, options, run);
}

/** Bit widths whose training steps are measured if none are named. */
const QUANTIZED_STEPS = [4];

async function trainingRace(
  networks: readonly TrainingNetwork[],
  bits: readonly number[],
  { turns, seed, only, threads = availableParallelism() }: Options,
  run: Run,
): Promise<TrainingBenchResult> {
  const before = conditions();
  const peer = await findPytorch();
  if (!peer) run.note("PyTorch is left out: no Python that can import torch was found (Debian: python3-torch)");
  const measured = await benchTraining({
    networks,
    bits,
    python: peer?.python,
    turns,
    seed,
    threads,
    wanted: (key) => only === undefined || only.some((part) => key.includes(part)),
    signal: run.signal,
    onStep: (what, done) => {
      if (done === undefined) run.phase("measuring", what);
      else run.progress(done, turns, { detail: what, unit: "turns" });
    },
  });
  return {
    kind: "training",
    ...before,
    ...defined({ pytorch: peer?.version }),
    threads,
    ...measured,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

async function trainingProfiles(
  networks: readonly TrainingNetwork[],
  bits: readonly number[],
  { turns: steps, seed, threads = availableParallelism() }: Options,
  run: Run,
): Promise<TrainingProfileResult> {
  const all: StepProfile[] = [];
  for (const network of networks)
    for (const width of [undefined, ...bits]) {
      run.signal.throwIfAborted();
      run.phase("measuring", networkKey(network));
      all.push(await profileTraining(network, width, { steps, seed, threads }));
    }
  return { kind: "training profile", ...processor(), steps: all };
}

/** Parses a name such as `resnet18-224`, or `resnet18-cifar-32` with a stem. */
function networkChoice(name: string): NetworkChoice {
  const [size, ...rest] = name.split("-").reverse();
  const stem = stemNames.find((each) => each === rest[0]);
  const architecture = findArchitecture((stem === undefined ? rest : rest.slice(1)).reverse().join("-")).name;
  return { architecture, size: Number(size), ...defined({ stem }) };
}
