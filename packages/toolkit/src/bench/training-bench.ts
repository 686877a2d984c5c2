/**
 * @file Measures the speed of training, from normalized images to updated parameters: float steps, quantized ones, and
 * PyTorch's.
 */

import { bitsName } from "../bits-name.js";
import { networkKey } from "./comparison.js";
import { openPytorch } from "./pytorch.js";
import { median, medianRatio } from "./statistics.js";
import { type TrainingNetwork, trainedNetwork } from "./training-networks.js";
import { ownContestant, type StepTime, type TrainingContestant, takeStepsInTurn } from "./training-turns.js";

/** Steps of one contestant on one network. */
export interface TrainingResult {
  /** Such as `"resnet18-cifar-32"`. */
  readonly network: string;
  /** `float`, `w4a4`, `pytorch` or `pytorch-w4a4`. */
  readonly contestant: string;
  readonly batchSize: number;
  /** Median time of a step. */
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  readonly fastestMilliseconds: number;
  /** Images per second at the median time of a step. */
  readonly imagesPerSecond: number;
}

/** Results of `benchTraining`. */
export interface TrainingBench {
  readonly results: readonly TrainingResult[];
  /**
   * For each comparison, by key, the median of the ratios of all turns; above 1, ours is faster. `resnet18-cifar-32/pytorch`
   * compares float steps, `…/w4a4/pytorch` quantized ones, and `…/w4a4/float` our quantized steps with our float steps.
   */
  readonly ratios: Readonly<Record<string, number>>;
  /** Ratios of processor time, which does not count other programs' use of the cores. */
  readonly cpuRatios: Readonly<Record<string, number>>;
}

export interface TrainingBenchOptions {
  readonly networks: readonly TrainingNetwork[];
  /** Bit widths whose quantized steps are measured. */
  readonly bits: readonly number[];
  /** Python with PyTorch; undefined if there is none. */
  readonly python: string | undefined;
  readonly turns: number;
  readonly seed: number;
  readonly threads: number;
  /** Decides by its key whether a comparison is measured; all by default. */
  readonly wanted?: (key: string) => boolean;
  /** @param done number of finished turns, during a race */
  readonly onStep?: (what: string, done?: number) => void;
  readonly signal?: AbortSignal;
}

interface Comparison {
  readonly key: string;
  readonly ours: string;
  readonly against: string;
}

/** Times training steps, float and quantized, in turn with those of PyTorch if it is installed. */
export async function benchTraining(options: TrainingBenchOptions): Promise<TrainingBench> {
  const results: TrainingResult[] = [];
  const [ratios, cpuRatios]: Record<string, number>[] = [{}, {}];
  for (const network of options.networks) {
    const wanted = comparisonsOf(network, options);
    if (wanted.length === 0) continue;
    const times = await race(network, wanted, options);
    for (const [contestant, steps] of times) results.push(summary(network, contestant, steps));
    for (const { key, ours, against } of wanted) {
      const ratio = (unit: keyof StepTime) =>
        medianRatio(
          ...([ours, against].map((name) => times.get(name)!.map((time) => time[unit])) as [number[], number[]]),
        );
      ratios![key] = ratio("milliseconds");
      cpuRatios![key] = ratio("cpuMilliseconds");
    }
  }
  return { results, ratios: ratios!, cpuRatios: cpuRatios! };
}

function comparisonsOf(
  network: TrainingNetwork,
  { bits, python, wanted = () => true }: TrainingBenchOptions,
): readonly Comparison[] {
  const key = networkKey(network);
  const torch = python !== undefined;
  const all = [
    ...(torch ? [{ key: `${key}/pytorch`, ours: "float", against: "pytorch" }] : []),
    ...bits.flatMap((width) => {
      const name = bitsName(width);
      return [
        { key: `${key}/${name}/float`, ours: name, against: "float" },
        ...(torch ? [{ key: `${key}/${name}/pytorch`, ours: name, against: `pytorch-${name}` }] : []),
      ];
    }),
  ];
  return all.filter((comparison) => wanted(comparison.key));
}

/** Times all contestants of some comparisons, or only the float step. */
async function race(
  network: TrainingNetwork,
  comparisons: readonly Comparison[],
  { python, threads, seed, turns, bits, onStep, signal }: TrainingBenchOptions,
): Promise<ReadonlyMap<string, readonly StepTime[]>> {
  const names = new Set(comparisons.flatMap(({ ours, against }) => [ours, against]));
  const key = networkKey(network);
  const contestants: TrainingContestant[] = [];
  try {
    for (const width of [undefined, ...bits]) {
      const own = width === undefined ? "float" : bitsName(width);
      const peer = width === undefined ? "pytorch" : `pytorch-${own}`;
      if (!names.has(own) && !names.has(peer)) continue;
      onStep?.(`${key}: building ${own}`);
      const trained = trainedNetwork(network, width, seed);
      if (names.has(own)) contestants.push(await ownContestant(own, trained, { threads, seed }));
      if (names.has(peer)) contestants.push(await openPytorch(peer, trained, { python: python!, threads, seed }));
    }
    const onTurn = (done: number) => onStep?.(`${key}: measuring`, done);
    return await takeStepsInTurn(contestants, { turns, onTurn, ...(signal ? { signal } : {}) });
  } finally {
    for (const contestant of contestants) await contestant.release();
  }
}

function summary(network: TrainingNetwork, contestant: string, steps: readonly StepTime[]): TrainingResult {
  const milliseconds = median(steps.map((step) => step.milliseconds));
  return {
    network: networkKey(network),
    contestant,
    batchSize: network.batchSize,
    milliseconds,
    cpuMilliseconds: median(steps.map((step) => step.cpuMilliseconds)),
    fastestMilliseconds: Math.min(...steps.map((step) => step.milliseconds)),
    imagesPerSecond: (1000 * network.batchSize) / milliseconds,
  };
}
