/** @file Measures the time that a network takes for one image. */

import { readSbq, type TierName } from "@subbyte/engine";
import { defined } from "../defined.js";
import { ownContestant } from "./contestants.js";
import { processorTime } from "./cpu.js";
import { median } from "./statistics.js";
import { type Contestant, takeTurns } from "./turns.js";

/** Times per image, from its bytes to the logits. */
export interface ImageTime {
  /** Median of the turns. */
  readonly milliseconds: number;
  readonly fastestMilliseconds: number;
  /** Median processor time of all threads. On one thread, it is less than the time if other processes used the cores. */
  readonly cpuMilliseconds: number;
  readonly turns: number;
}

/** Times on the integer engine. */
export interface ModelTime extends ImageTime {
  readonly threads: number;
  readonly tier: TierName;
}

/** The number of turns of a measurement, and callbacks. */
export interface ImageTimeOptions {
  /** Number of turns of about a tenth of a second each, or of one image if that takes longer. */
  readonly turns: number;
  /** Stops after the current turn. */
  readonly signal?: AbortSignal;
  /** Called after each turn with the number of finished turns. */
  readonly onTurn?: (done: number) => void;
}

/** Options of `timeModel`. */
export interface ModelTimeOptions extends ImageTimeOptions {
  /** Number of threads; 1 by default, which is the calling thread. */
  readonly threads?: number;
  /** The tier; by default the fastest of this machine. */
  readonly tier?: TierName | "auto";
}

/**
 * Runs one image repeatedly; its content does not affect the time.
 * @param size bytes of the image
 */
export async function timeContestant(
  contestant: Contestant,
  size: number,
  { turns, signal, onTurn }: ImageTimeOptions,
): Promise<ImageTime> {
  const image = Uint8Array.from({ length: size }, (_, i) => (i * 151) % 256);
  try {
    const [measured] = await takeTurns([contestant], [image], {
      turns,
      cpuTime: processorTime,
      ...defined({ signal, onTurn }),
    });
    const { milliseconds, cpuMilliseconds } = measured!;
    return {
      milliseconds: median(milliseconds),
      fastestMilliseconds: Math.min(...milliseconds),
      cpuMilliseconds: median(cpuMilliseconds!),
      turns,
    };
  } finally {
    await contestant.release();
  }
}

/**
 * @param sbq bytes of a `.sbq` file
 * @throws {FormatError} if they are damaged
 * @throws {MachineError} if the engine has fewer threads than requested
 */
export async function timeModel(
  sbq: Uint8Array,
  { threads = 1, tier = "auto", ...options }: ModelTimeOptions,
): Promise<ModelTime> {
  const { channels, height, width } = readSbq(sbq).preprocessing;
  const contestant = await ownContestant("the model", sbq, { tier, threads });
  const time = await timeContestant(contestant, channels * height * width, options);
  return { ...time, threads, tier: contestant.tier };
}
