/** @file Compares the engine's speed with that of other runtimes: networks, contestants, turns, ratios. */

import type { TierName } from "@subbyte/engine";
import { type Graph, writeOnnx } from "@subbyte/graph";
import { FailedRunError } from "../errors.js";
import { graphToTflite } from "../export/tflite/graph-to-tflite.js";
import { createSession } from "../runtime/session.js";
import { type BestPeer, bestPeers } from "./best-peers.js";
import {
  type Comparison,
  type ContestantSpec,
  comparisonKey,
  contestantName,
  contestantsOf,
  networkKey,
} from "./comparison.js";
import { processorTime } from "./cpu.js";
import { int8Peer } from "./int8-peer.js";
import { type BenchNetwork, benchNetwork, floatBatch, normalization } from "./network.js";
import { int8Tflite, quantizedFile } from "./quantized.js";
import { type Entry, type OpenPeer, openWebPeer, type PeerOptions, type Race, type RaceResult, race } from "./race.js";
import { correlation, median, medianRatio } from "./statistics.js";
import type { TurnOptions } from "./turns.js";

/** Speed of one contestant on one network. */
export interface ContestantResult {
  /** Such as `"resnet18-224"`. */
  readonly network: string;
  /** Such as `"own-w4a4"` or `"ort-web-int8"`. */
  readonly contestant: string;
  /** Instruction set that ran, for our engine. */
  readonly tier?: TierName;
  /** Median time of one image, from RGB bytes to logits. */
  readonly milliseconds: number;
  readonly fastestMilliseconds: number;
  /**
   * Median processor time. If it is well below `milliseconds`, other programs used the cores, and the figures are those of a
   * busy machine.
   */
  readonly cpuMilliseconds?: number;
  readonly turns: number;
  /**
   * Time from the file's bytes in memory to the first logits, including the compilation of code that has not run in this
   * process before.
   */
  readonly firstResultMilliseconds: number;
  /**
   * Correlation of its logits with those of the float network. It shows that all contestants run the same network on the same
   * image.
   */
  readonly correlation: number;
}

/** Results of all races. */
export interface EngineBench {
  readonly results: readonly ContestantResult[];
  /** For each comparison, by key, the median of the ratios of all turns; above 1, ours is faster. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Ratios of processor time, with one thread. They do not depend on other programs that use the cores. */
  readonly cpuRatios?: Readonly<Record<string, number>>;
  /** The fastest other runtime at each precision, for every network and each of our contestants. */
  readonly bestPeers: readonly BestPeer[];
}

/** Runs a race, in this process or elsewhere. */
export type RunRace = (race: Race, options: TurnOptions) => Promise<RaceResult[]>;

/** Options of `benchEngine`. */
export interface EngineBenchOptions {
  readonly comparisons: readonly Comparison[];
  readonly turns: number;
  readonly seed: number;
  /** Runs the races; by default in this process. */
  readonly runRace?: RunRace;
  /** Called with a description of the current step, and during a race with the number of finished turns. */
  readonly onStep?: (step: string, done?: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * @throws {FailedRunError} if a contestant does not compute the right network, or if the int8 network of another runtime does
 * not compute on integers
 */
export async function benchEngine(options: EngineBenchOptions): Promise<EngineBench> {
  const { comparisons, turns, seed, runRace = raceHere, onStep, signal } = options;
  const results: ContestantResult[] = [];
  const ratios: Record<string, number> = {};
  const cpuRatios: Record<string, number> = {};
  for (const key of new Set(comparisons.map(({ network }) => networkKey(network)))) {
    const own = comparisons.filter(({ network }) => networkKey(network) === key);
    signal?.throwIfAborted();
    onStep?.(`${key}: building`);
    const { architecture, size } = own[0]!.network;
    const network = await benchNetwork(architecture, size, { seed });
    const entries = await entriesOf(network, contestantsOf(own), (file) => onStep?.(`${key}: preparing ${file}`));
    const expected = await floatLogits(network);
    const measured = await runRace(
      { entries, images: network.images, size, normalization },
      { turns, ...(signal ? { signal } : {}), onTurn: (done) => onStep?.(`${key}: measuring`, done) },
    );
    const byName = new Map(measured.map((result) => [result.name, result]));
    for (const result of measured) results.push(summary(key, result, expected));
    for (const comparison of own) {
      const [ours, theirs] = [comparison.ours, comparison.against].map((spec) => byName.get(contestantName(spec))!);
      const name = comparisonKey(comparison);
      ratios[name] = medianRatio(ours!.milliseconds, theirs!.milliseconds);
      if (ours!.cpuMilliseconds && theirs!.cpuMilliseconds && comparison.ours.threads === 1)
        cpuRatios[name] = medianRatio(ours!.cpuMilliseconds, theirs!.cpuMilliseconds);
    }
  }
  return {
    results,
    ratios,
    ...(Object.keys(cpuRatios).length > 0 ? { cpuRatios } : {}),
    bestPeers: bestPeers(comparisons, ratios, cpuRatios),
  };
}

/** A contestant of at least 8 bits with a smaller correlation computes something else. */
const LEAST_CORRELATION = 0.9;

function summary(network: string, result: RaceResult, expected: Float32Array): ContestantResult {
  const { name, tier, milliseconds, cpuMilliseconds, logits, firstResultMilliseconds } = result;
  const likeness = correlation(logits, expected);
  if (!(likeness >= LEAST_CORRELATION) && /float32|int8|w8a8/.test(name))
    throw new FailedRunError(
      "unfair-comparison",
      { network, reason: `correlation of ${name} ${likeness.toFixed(3)}` },
      `${network}: the logits of ${name} have a correlation of ${likeness.toFixed(3)} with those of the float network, so it ` +
        "does not compute the same function, and comparing its time would be unfair.",
    );
  return {
    network,
    contestant: name,
    ...(tier ? { tier } : {}),
    milliseconds: median(milliseconds),
    fastestMilliseconds: Math.min(...milliseconds),
    ...(cpuMilliseconds ? { cpuMilliseconds: median(cpuMilliseconds) } : {}),
    turns: milliseconds.length,
    firstResultMilliseconds,
    correlation: likeness,
  };
}

async function entriesOf(
  network: BenchNetwork,
  specs: readonly ContestantSpec[],
  onFile: (name: string) => void,
): Promise<Entry[]> {
  const files = new Map<string, Promise<Uint8Array>>();
  const fileOf = (name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> => {
    const known = files.get(name);
    if (known) return known;
    onFile(name);
    const made = make();
    files.set(name, made);
    return made;
  };
  const entries: Entry[] = [];
  for (const spec of specs) {
    const [name, make] = fileFor(network, spec);
    const file = fileOf(name, make);
    entries.push({ spec, file: await file });
  }
  return entries;
}

/** The file that a contestant opens: its name, and a function that makes it. */
function fileFor(network: BenchNetwork, spec: ContestantSpec): readonly [string, () => Promise<Uint8Array>] {
  if (spec.kind === "own") return [`w${spec.bits}a${spec.bits}`, () => quantizedFile(network, spec.bits)];
  const isInt8 = spec.precision === "int8";
  if (spec.runtime === "litert" || spec.runtime === "tfjs")
    return [`${spec.precision} .tflite`, isInt8 ? () => int8Tflite(network) : async () => graphToTflite(network.graph)];
  return [spec.precision, isInt8 ? () => int8Peer(network) : async () => writeOnnx(network.graph)];
}

async function floatLogits({ graph, images, size }: BenchNetwork): Promise<Float32Array> {
  const peer = await openNodePeer(graph, { threads: 1, size });
  try {
    return await peer.run(floatBatch(images.slice(0, 1), size).data as Float32Array);
  } finally {
    await peer.release();
  }
}

async function openNodePeer(
  model: Graph | Uint8Array,
  { threads, size }: Pick<PeerOptions, "threads" | "size">,
): ReturnType<OpenPeer> {
  const session = await createSession(model, { threads });
  const [input, output] = [session.inputs[0]!, session.outputs[0]!];
  const shape = [1, 3, size, size];
  return {
    input: "planar",
    run: async (data) =>
      (await session.run({ [input]: { dtype: "float32", shape, data } }))[output]!.data as Float32Array,
    release: () => session.release(),
  };
}

/** Runs the races in this process. */
export const raceHere: RunRace = (entries, options) =>
  race(entries, { "ort-web": openWebPeer, "ort-node": openNodePeer }, { ...options, cpuTime: processorTime });
