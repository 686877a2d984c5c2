/**
 * @file Contestants take turns in one process, so that disturbances affect all of them, and ratios are formed within a turn.
 */

import type { TierName } from "@subbyte/engine";

/** Something that classifies images. */
export interface Contestant {
  readonly name: string;
  /** Instruction set, for our engine. */
  readonly tier?: TierName;
  /** Logits of one image `[size, size, 3]`, bytes. */
  run(image: Uint8Array): Promise<Float32Array>;
  /** Frees the runtime's memory. */
  release(): Promise<void>;
}

export interface TurnOptions {
  readonly turns: number;
  /**
   * Processor time of this process so far, in milliseconds; absent if there is no such clock. A page asks its browser for it.
   */
  readonly cpuTime?: () => number | Promise<number>;
  readonly onTurn?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** The times of one contestant, and its logits. */
export interface Measured {
  readonly name: string;
  readonly tier?: TierName;
  /** Time of one image, one entry per turn. */
  readonly milliseconds: readonly number[];
  /**
   * Processor time of one image, of all threads together, one entry per turn. It is less than `milliseconds` if other
   * programs used the cores.
   */
  readonly cpuMilliseconds?: readonly number[];
  /** Logits of the first image. */
  readonly logits: readonly number[];
}

/**
 * Runs of each contestant before the measurement: JavaScript engines compile WebAssembly twice, the second time in the
 * background.
 */
const WARM_UP_RUNS = 4;
const SETTLE_MILLISECONDS = 800;
/**
 * Least duration of a turn, for which a contestant repeats its run. The first run after other contestants finds cold caches and
 * sleeping threads, which is not the cost of one image in a stream.
 */
const LEAST_TURN_MILLISECONDS = 100;

/** Times per image. */
interface Turn {
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
}

/** Runs the turns. Turn t starts with contestant t mod n and uses image t mod the number of images. */
export async function takeTurns(
  contestants: readonly Contestant[],
  images: readonly Uint8Array[],
  { turns, cpuTime, onTurn, signal }: TurnOptions,
): Promise<Measured[]> {
  const time = async (contestant: Contestant, image: Uint8Array, repeats: number): Promise<Turn> => {
    const cpuStart = (await cpuTime?.()) ?? 0;
    const start = performance.now();
    for (let i = 0; i < repeats; i++) await contestant.run(image);
    const end = performance.now();
    const cpuEnd = (await cpuTime?.()) ?? 0;
    return { milliseconds: (end - start) / repeats, cpuMilliseconds: (cpuEnd - cpuStart) / repeats };
  };
  const logits = new Map<Contestant, readonly number[]>();
  for (const contestant of contestants) logits.set(contestant, Array.from(await contestant.run(images[0]!)));
  const fastest = new Map(contestants.map((contestant) => [contestant, Number.POSITIVE_INFINITY]));
  const warmUp = async () => {
    for (const contestant of contestants) {
      const { milliseconds } = await time(contestant, images[0]!, 1);
      fastest.set(contestant, Math.min(fastest.get(contestant)!, milliseconds));
    }
  };
  for (let i = 0; i < WARM_UP_RUNS; i++) await warmUp();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MILLISECONDS));
  await warmUp();
  const repeats = (contestant: Contestant) =>
    Math.max(1, Math.ceil(LEAST_TURN_MILLISECONDS / fastest.get(contestant)!));
  const times = new Map(contestants.map((contestant) => [contestant, [] as Turn[]]));
  for (let turn = 0; turn < turns; turn++) {
    signal?.throwIfAborted();
    for (let i = 0; i < contestants.length; i++) {
      const contestant = contestants[(turn + i) % contestants.length]!;
      times.get(contestant)!.push(await time(contestant, images[turn % images.length]!, repeats(contestant)));
    }
    onTurn?.(turn + 1);
  }
  return contestants.map((contestant) => ({
    name: contestant.name,
    ...(contestant.tier ? { tier: contestant.tier } : {}),
    milliseconds: times.get(contestant)!.map(({ milliseconds }) => milliseconds),
    ...(cpuTime ? { cpuMilliseconds: times.get(contestant)!.map(({ cpuMilliseconds }) => cpuMilliseconds) } : {}),
    logits: logits.get(contestant)!,
  }));
}
