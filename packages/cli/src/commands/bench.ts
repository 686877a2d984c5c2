/** @file `subbyte bench`: speed of the engine side by side with ONNX Runtime, layer by layer, and of training. */

import { availableParallelism, loadavg } from "node:os";
import { supportedTier, type TierName } from "@subbyte/engine";
import {
  benchEngine,
  benchNetworks,
  benchTraining,
  type ContestantResult,
  comparisons,
  type EngineBench,
  findArchitecture,
  type NetworkChoice,
  type NetworkProfile,
  networkKey,
  processor,
  profileEngine,
  raceInBrowser,
  UsageError,
} from "@subbyte/toolkit";
import { Command, InvalidArgumentError, Option } from "commander";
import { machine } from "../machine.js";
import { type CommonOptions, integer } from "../options.js";
import { table } from "../output.js";
import { startProgress } from "../progress.js";
import { deliver } from "../results.js";

interface Options extends CommonOptions {
  readonly engine?: boolean;
  readonly training?: boolean;
  readonly browser?: boolean;
  readonly profile?: boolean;
  readonly networks?: readonly NetworkChoice[];
  readonly bits: readonly number[];
  readonly tier?: TierName;
  readonly only?: readonly string[];
  readonly turns: number;
  readonly batch?: number;
  readonly threads?: number;
  readonly seed: number;
}

export function benchCommand(signal: AbortSignal): Command {
  return new Command("bench")
    .description(
      "Measures speed on networks with random weights: the engine against ONNX Runtime, from RGB bytes to logits, and training.",
    )
    .option("--engine", "the engine against onnxruntime-web and onnxruntime-node, in turn about")
    .option("--training", "training steps of ResNet-18 on 32 × 32 images")
    .option("--networks <list>", "architectures with image sizes, such as resnet18-224,resnet20-32", networkList)
    .option("--bits <list>", "widths of weights and activations", bitsList, [4, 8, 2])
    .addOption(
      new Option("--tier <tier>", "one tier of the engine; relaxed and simd by default").choices([
        "relaxed",
        "simd",
        "scalar",
      ]),
    )
    .option("--only <list>", "comparisons whose key contains one of these, such as w4a4/ort-web", list)
    .option("--turns <n>", "turns that everybody gets; training steps", integer(), 15)
    .option("--browser", "in headless Chromium instead of Node")
    .option("--profile", "the engine's time layer by layer, without peers")
    .option("--threads <n>", "threads of everybody, 1 by default; for training all cores", integer())
    .option("--batch <n>", "images of a training step, 64 by default", integer())
    .option("--seed <n>", "of everything random", integer(0), 0)
    .addHelpText(
      "after",
      `
Examples:
  subbyte bench --engine --json --results results/engine-speed.json
  subbyte bench --engine --networks resnet18-224 --only w4a4/ --turns 30
  subbyte bench --engine --browser --bits 4
  subbyte bench --engine --profile --networks resnet50-224 --bits 4 --tier relaxed
  subbyte bench --training --threads 2`,
    )
    .action((options: Options) => run(options, signal));
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  if (options.engine === options.training)
    throw new UsageError(
      "option-missing",
      { option: "engine", options: ["engine", "training"] },
      "say what to measure: bench --engine or bench --training.",
    );
  if (options.training) return training(options, signal);
  if (options.profile) return profile(options);
  return engine(options, signal);
}

async function engine(options: Options, signal: AbortSignal): Promise<void> {
  const { turns, seed, bits, threads = 1, only } = options;
  const browser = options.browser ? await raceInBrowser() : undefined;
  const wanted = comparisons({
    networks: options.networks ?? benchNetworks,
    bits,
    tiers: tiersOf(options),
    threads,
    scaleTo: Math.min(2, availableParallelism()),
    runtimes: browser ? ["ort-web"] : ["ort-web", "ort-node"],
    ...(only === undefined ? {} : { only }),
  });
  if (wanted.length === 0)
    throw new UsageError(
      "option-choice",
      { option: "only", value: only ?? [], allowed: [] },
      `--only ${only?.join(",")}: no comparison has a key that contains this.`,
    );
  const quiet = options.quiet ?? false;
  const progress = startProgress("measuring", turns, { quiet });
  const load = loadavg()[0]!;
  let bench: EngineBench;
  try {
    bench = await benchEngine({
      comparisons: wanted,
      turns,
      seed,
      signal,
      ...(browser === undefined ? {} : { runRace: browser.runRace }),
      onStep: (step, done) => {
        if (done !== undefined) return progress.update(done, step);
        progress.stop();
        if (!quiet) process.stderr.write(`${step}\n`);
      },
    });
  } finally {
    progress.stop();
    await browser?.close();
  }
  const where = browser === undefined ? { node: process.version } : { node: process.version, browser: browser.browser };
  const result = { ...processor(), ...where, threads, cores: availableParallelism(), loadBefore: load, ...bench };
  await deliver(options, result, engineText(bench));
}

/** The best tier of this machine comes without a suffix in the keys, so the others cannot stand in for it. */
function tiersOf({ tier }: Options): TierName[] {
  if (tier !== undefined) return [tier];
  return supportedTier() === "relaxed" ? ["relaxed", "simd"] : ["simd"];
}

function engineText({ results, ratios, cpuRatios }: EngineBench): string {
  const header = ["network", "contestant", "ms", "fastest", "CPU", "first result", "correlation"];
  const rows = results.map((result: ContestantResult) => [
    result.network,
    result.contestant,
    result.milliseconds.toFixed(2),
    result.fastestMilliseconds.toFixed(2),
    result.cpuMilliseconds?.toFixed(2) ?? "",
    result.firstResultMilliseconds.toFixed(0),
    result.correlation.toFixed(4),
  ]);
  const comparisonRows = Object.entries(ratios).map(([key, ratio]) => [
    key,
    `${ratio.toFixed(2)}×`,
    ...(cpuRatios ? [key in cpuRatios ? `${cpuRatios[key]!.toFixed(2)}×` : ""] : []),
  ]);
  return [
    "One image from RGB bytes to logits, in milliseconds: median, fastest, processor time; the first from the bytes of the model;",
    "correlation is that of the logits with the float network's.",
    ...(disturbed(results) ? ["", "The machine was busy with other work: ratios may hold, times do not."] : []),
    "",
    table(header, rows),
    "",
    "How many times as fast ours is (medians of ratios within a turn):",
    "",
    table(["comparison", "ratio", ...(cpuRatios ? ["in CPU time"] : [])], comparisonRows),
  ].join("\n");
}

/** A contestant had less processor time than this share of its time. */
const UNDISTURBED = 0.9;

const disturbed = (results: readonly ContestantResult[]): boolean =>
  results.some(({ milliseconds, cpuMilliseconds = milliseconds }) => cpuMilliseconds < UNDISTURBED * milliseconds);

async function profile(options: Options): Promise<void> {
  const { bits, turns, seed } = options;
  const profiles: NetworkProfile[] = [];
  for (const network of options.networks ?? benchNetworks)
    profiles.push(...(await profileEngine(network, { bits, tiers: tiersOf(options), runs: turns, seed })));
  await deliver(options, { ...machine(), profiles }, profiles.map(profileText).join("\n\n"));
}

function profileText({ network, bits, tier, layers }: NetworkProfile): string {
  const rows = layers.map(({ name, kernels, flush, milliseconds, multiplyAdds, gmacPerSecond }) => [
    name,
    milliseconds.toFixed(3),
    multiplyAdds === 0 ? "" : (multiplyAdds / 1e6).toFixed(2),
    multiplyAdds === 0 ? "" : gmacPerSecond.toFixed(1),
    kernels.join(" "),
    flush ?? "",
  ]);
  const total = layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const work = layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
  return [
    `${network} W${bits}A${bits}, ${tier}: ${total.toFixed(2)} ms, ${(work / 1e6 / total).toFixed(1)} GMAC/s`,
    "",
    table(["layer", "ms", "M mult-adds", "GMAC/s", "kernels", "flush every"], rows),
  ].join("\n");
}

async function training(options: Options, signal: AbortSignal): Promise<void> {
  const { turns, seed, batch = 64, threads, networks = [{ architecture: "resnet18", size: 32 }] } = options;
  const results = [];
  for (const network of networks) {
    const progress = startProgress(`training ${networkKey(network)}`, turns, { quiet: options.quiet ?? false });
    const settings = { batchSize: batch, steps: turns, seed, signal, ...(threads === undefined ? {} : { threads }) };
    try {
      results.push(await benchTraining(network, { ...settings, onStep: (done) => progress.update(done) }));
    } finally {
      progress.stop();
    }
  }
  const rows = results.map((result) => [
    result.network,
    result.batchSize,
    result.milliseconds.toFixed(1),
    result.imagesPerSecond.toFixed(1),
  ]);
  const text = table(["network", "batch", "ms a step", "images/s"], rows);
  await deliver(options, { ...machine(), threads: threads ?? availableParallelism(), results }, text);
}

function networkList(text: string): NetworkChoice[] {
  return list(text).map((item) => {
    const [, architecture, size] = /^(.+)-(\d+)$/.exec(item) ?? [];
    if (architecture === undefined) throw new InvalidArgumentError("it takes names such as resnet18-224.");
    findArchitecture(architecture);
    return { architecture, size: Number(size) };
  });
}

function bitsList(text: string): number[] {
  return list(text).map((item) => checkedBits(Number(item)));
}

function list(text: string): string[] {
  return text.split(",").map((item) => item.trim());
}

function checkedBits(bits: number): number {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8) throw new InvalidArgumentError("it takes widths from 2 to 8.");
  return bits;
}
