/** @file How long the integer engine takes for one image of a network. */

import { readSbq, type TierName } from "@subbyte/engine";
import { ownContestant } from "./contestants.js";
import { processorTime } from "./cpu.js";
import { median } from "./statistics.js";
import { takeTurns } from "./turns.js";

/** Times are of one image, from its bytes to logits. */
export interface ModelTime {
  /** Median of the turns. */
  readonly milliseconds: number;
  readonly fastestMilliseconds: number;
  /** Median processor time of all threads; less than the time divided by threads where others had the cores. */
  readonly cpuMilliseconds: number;
  readonly threads: number;
  readonly tier: TierName;
  readonly turns: number;
}

export interface ModelTimeOptions {
  /** 1 by default: the calling thread. */
  readonly threads?: number;
  /** The fastest of this machine by default. */
  readonly tier?: TierName | "auto";
  /** Turns of about a tenth of a second, or of one image where that takes longer. */
  readonly turns: number;
  readonly signal?: AbortSignal;
  readonly onTurn?: (done: number) => void;
}

/**
 * Runs one image again and again; its content does not matter to the time.
 * @param sbq bytes of a `.sbq` file
 * @throws {FormatError} where they are damaged
 * @throws {MachineError} where the engine has fewer threads than were asked for
 */
export async function timeModel(
  sbq: Uint8Array,
  { threads = 1, tier = "auto", turns, signal, onTurn }: ModelTimeOptions,
): Promise<ModelTime> {
  const { channels, height, width } = readSbq(sbq).preprocessing;
  const image = Uint8Array.from({ length: channels * height * width }, (_, i) => (i * 151) % 256);
  const contestant = await ownContestant("the model", sbq, { tier, threads });
  try {
    const [measured] = await takeTurns([contestant], [image], {
      turns,
      cpuTime: processorTime,
      ...(signal ? { signal } : {}),
      ...(onTurn ? { onTurn } : {}),
    });
    const { milliseconds, cpuMilliseconds } = measured!;
    return {
      milliseconds: median(milliseconds),
      fastestMilliseconds: Math.min(...milliseconds),
      cpuMilliseconds: median(cpuMilliseconds!),
      threads,
      tier: contestant.tier,
      turns,
    };
  } finally {
    await contestant.release();
  }
}
