/**
 * @file Measures models on this device in turn: the time of the download, of the first answer, and the median time of an
 * image.
 */

import type { CatalogModel } from "../catalog/types.js";
import { median, quantile } from "../statistics.js";
import type { Runner } from "./runner.js";
import { startRunner } from "./start.js";

export interface Measurement {
  /** Milliseconds of the download; absent if the model runs on the server. */
  readonly downloadMs?: number;
  readonly coldMs?: number;
  readonly peakBytes?: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly runs: number;
  readonly how: string;
}

export interface MeasureOptions {
  readonly where: "browser" | "server";
  /** Number of timed runs of each model. */
  readonly runs: number;
  readonly signal: AbortSignal;
  readonly onStep: (step: string, done: number, of: number) => void;
}

/** Runs of one model before it is the next one's turn. Other work on the machine then slows all models alike. */
const turn = 5;

/**
 * Fetches and starts each model anew, then lets them classify the same noise image in turns.
 * @throws {Error} if one cannot be fetched or run, or the signal's reason
 */
export async function measure(
  models: readonly CatalogModel[],
  { where, runs, signal, onStep }: MeasureOptions,
): Promise<ReadonlyMap<string, Measurement>> {
  const runners = new Map<CatalogModel, Runner>();
  const times = new Map<CatalogModel, number[]>(models.map((model) => [model, []]));
  const steps = models.length + Math.ceil(runs / turn);
  let done = 0;
  // LiteRT.js runs on one thread here, so next to it the other runtimes get one thread too.
  const threads = models.some(({ format }) => format === "tflite") ? { threads: 1 } : {};
  try {
    for (const model of models) {
      signal.throwIfAborted();
      onStep(`starting ${model.id}`, done++, steps);
      runners.set(
        model,
        await startRunner(model, where, { onProgress() {}, again: model.file === undefined, signal, ...threads }),
      );
    }
    for (let measured = 0; measured < runs; measured += turn) {
      onStep(`run ${measured + 1} of ${runs}`, done++, steps);
      for (const [model, runner] of runners)
        for (let run = measured; run < Math.min(measured + turn, runs); run++) {
          signal.throwIfAborted();
          const { computeMs } = await runner.classify({ prepared: noise(runner) }, { signal });
          times.get(model)!.push(computeMs);
        }
    }
    return new Map(models.map((model) => [model.id, summary(runners.get(model)!, times.get(model)!)]));
  } finally {
    for (const runner of runners.values()) runner.dispose();
  }
}

function noise({ preprocessing: { channels, height, width } }: Runner) {
  // Every model gets the same noise; a linear congruential generator is good enough for that.
  let state = 1;
  const bytes = Uint8Array.from({ length: channels * height * width }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return { bytes, width, height, channels, decodeMs: 0, resizeMs: 0 };
}

function summary({ readiness }: Runner, times: readonly number[]): Measurement {
  return {
    ...(readiness ? { downloadMs: readiness.downloadMs, coldMs: readiness.coldMs } : {}),
    ...(readiness?.peakBytes === undefined ? {} : { peakBytes: readiness.peakBytes }),
    medianMs: median(times),
    p95Ms: quantile(times, 0.95),
    runs: times.length,
    how: readiness?.how ?? "on the server",
  };
}
