/** @file Counts and durations of one model version, in the form of Triton's statistics extension. */

import type { RunTimes } from "../compute/protocol.js";

export interface DurationStat {
  count: number;
  ns: number;
}

const names = [
  "success",
  "fail",
  "queue",
  "compute_input",
  "compute_infer",
  "compute_output",
  "cache_hit",
  "cache_miss",
] as const;
type StatName = (typeof names)[number];

interface BatchStat {
  readonly batch_size: number;
  readonly compute_input: DurationStat;
  readonly compute_infer: DurationStat;
  readonly compute_output: DurationStat;
}

/** Milliseconds of the parts of a request. */
export interface RequestTimes extends RunTimes {
  readonly total: number;
  readonly queue: number;
}

const stat = (): DurationStat => ({ count: 0, ns: 0 });

function add(target: DurationStat, milliseconds: number, count = 1): void {
  target.count += count;
  target.ns += Math.round(milliseconds * 1e6);
}

export class Statistics {
  readonly inferenceStats = Object.fromEntries(names.map((name) => [name, stat()])) as Record<StatName, DurationStat>;
  readonly #batches = new Map<number, BatchStat>();
  #lastInference = 0;
  inferenceCount = 0;
  executionCount = 0;

  batch(images: number, times: RunTimes): void {
    this.executionCount++;
    let entry = this.#batches.get(images);
    if (entry === undefined) {
      entry = { batch_size: images, compute_input: stat(), compute_infer: stat(), compute_output: stat() };
      this.#batches.set(images, entry);
    }
    add(entry.compute_input, times.input);
    add(entry.compute_infer, times.infer);
    add(entry.compute_output, times.output);
  }

  success(images: number, times: RequestTimes): void {
    this.#lastInference = Date.now();
    this.inferenceCount += images;
    const stats = this.inferenceStats;
    add(stats.success, times.total);
    add(stats.queue, times.queue);
    add(stats.compute_input, times.input);
    add(stats.compute_infer, times.infer);
    add(stats.compute_output, times.output);
  }

  fail(milliseconds: number): void {
    this.#lastInference = Date.now();
    add(this.inferenceStats.fail, milliseconds);
  }

  toJSON() {
    return {
      last_inference: this.#lastInference,
      inference_count: this.inferenceCount,
      execution_count: this.executionCount,
      inference_stats: this.inferenceStats,
      batch_stats: [...this.#batches.values()].sort((a, b) => a.batch_size - b.batch_size),
    };
  }
}
