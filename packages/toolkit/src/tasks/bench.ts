/** @file The task `bench`: speed of the engine side by side with other runtimes, layer by layer, and of training. */

import { availableParallelism, loadavg } from "node:os";
import { supportedTier, type TierName } from "@subbyte/engine";
import {
  benchEngine,
  benchNetworks,
  benchTraining,
  browserRuntimes,
  comparisons,
  type EngineBench,
  type NetworkChoice,
  type NetworkProfile,
  networkKey,
  type Processor,
  processor,
  profileEngine,
  raceInBrowser,
  type TrainingBench,
} from "../bench/index.js";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { findArchitecture } from "../models/index.js";
import type { TaskOptions } from "../options/index.js";
import { machine } from "./machine.js";
import { defineTask, type Run } from "./run.js";

export interface EngineBenchResult extends Processor, EngineBench {
  readonly kind: "engine";
  readonly node: string;
  readonly browser?: string;
  readonly threads: number;
  readonly cores: number;
  /** Load average of the minute before. */
  readonly loadBefore: number;
}

export interface ProfileResult {
  readonly kind: "profile";
  readonly profiles: readonly NetworkProfile[];
}

export interface TrainingBenchResult {
  readonly kind: "training";
  readonly threads: number;
  /** One for each network. */
  readonly results: readonly TrainingBench[];
}

export type BenchResult = EngineBenchResult | ProfileResult | TrainingBenchResult;

type Options = TaskOptions<"bench">;

export const bench = defineTask("bench", async (options, run): Promise<BenchResult> => {
  if (options.engine === options.training)
    throw new UsageError(
      "option-missing",
      { option: "engine", options: ["engine", "training"] },
      "say what to measure: bench `engine` or bench `training`.",
    );
  const networks = options.networks?.map(networkChoice);
  if (options.training) return benchTrainings(networks ?? [{ architecture: "resnet18", size: 32 }], options, run);
  if (options.profile)
    return { kind: "profile", ...machine(), profiles: await profiles(networks ?? benchNetworks, options, run) };
  return engine(networks ?? benchNetworks, options, run);
});

async function engine(networks: readonly NetworkChoice[], options: Options, run: Run): Promise<EngineBenchResult> {
  const { turns, seed, bits, threads = 1, only } = options;
  const browser = options.browser ? await raceInBrowser() : undefined;
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
    const loadBefore = loadavg()[0]!;
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
    const where = { node: process.version, ...defined({ browser: browser?.browser }) };
    return {
      kind: "engine",
      ...processor(),
      ...where,
      threads,
      cores: availableParallelism(),
      loadBefore,
      ...measured,
    };
  } finally {
    await browser?.close();
  }
}

/** Peers that are not installed are left out with a word. */
function runtimesOfPage(run: Run) {
  const { installed, missing } = browserRuntimes();
  for (const [runtime, packages] of Object.entries(missing))
    run.note(`${runtime} is left out, because it is not installed: npm install ${packages.join(" ")}`);
  return installed;
}

/** The best tier of this machine comes without a suffix in the keys, so the others cannot stand in for it. */
function tiersOf({ tier }: Options): TierName[] {
  if (tier !== "auto") return [tier];
  return supportedTier() === "relaxed" ? ["relaxed", "simd"] : ["simd"];
}

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

async function benchTrainings(
  networks: readonly NetworkChoice[],
  options: Options,
  run: Run,
): Promise<TrainingBenchResult> {
  const { turns, seed, batch, threads } = options;
  const results: TrainingBench[] = [];
  for (const network of networks) {
    run.phase("measuring", `training ${networkKey(network)}`);
    const settings = { batchSize: batch, steps: turns, seed, signal: run.signal, ...defined({ threads }) };
    const onStep = (done: number) => run.progress(done, turns, { unit: "steps" });
    results.push(await benchTraining(network, { ...settings, onStep }));
  }
  return { kind: "training", ...machine(), threads: threads ?? availableParallelism(), results };
}

/** Of a name such as `resnet18-224`. */
function networkChoice(name: string): NetworkChoice {
  const at = name.lastIndexOf("-");
  const architecture = findArchitecture(name.slice(0, at)).name;
  return { architecture, size: Number(name.slice(at + 1)) };
}
