/** @file Prometheus metrics, with the names that Triton uses. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { RequestTimes } from "./models/statistics.js";

const labelNames = ["model", "version"] as const;
export type FailureReason = "REJECTED" | "CANCELED" | "BACKEND" | "OTHER";

/** A model version as a label of metrics. */
interface Labelled {
  readonly name: string;
  readonly version: string;
}

export class Metrics {
  readonly registry = new Registry();
  readonly #success = this.#counter("nv_inference_request_success", "Successful inference requests");
  readonly #failure = new Counter({
    name: "nv_inference_request_failure",
    help: "Failed inference requests by reason",
    labelNames: [...labelNames, "reason"],
    registers: [this.registry],
  });
  readonly #count = this.#counter("nv_inference_count", "Inferences; a request of n images counts n");
  readonly #executions = this.#counter("nv_inference_exec_count", "Runs of the model; a batch counts 1");
  readonly #durations = {
    total: this.#counter("nv_inference_request_duration_us", "Microseconds from a request to its answer"),
    queue: this.#counter("nv_inference_queue_duration_us", "Microseconds that requests waited"),
    input: this.#counter("nv_inference_compute_input_duration_us", "Microseconds of decoding and preprocessing"),
    infer: this.#counter("nv_inference_compute_infer_duration_us", "Microseconds of running the model"),
    output: this.#counter("nv_inference_compute_output_duration_us", "Microseconds of reading the output"),
  };
  readonly #http = new Histogram({
    name: "http_request_duration_seconds",
    help: "Seconds from an HTTP request to its answer",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  readonly #batchSizes = new Histogram({
    name: "subbyte_batch_size",
    help: "Images that shared a run",
    labelNames,
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers: [this.registry],
  });

  /** @param pending  returns the images that wait or run, by model, when metrics are read */
  constructor(pending: () => Iterable<Labelled & { readonly images: number }>) {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: "nv_inference_pending_request_count",
      help: "Images that wait or run",
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { name, version, images } of pending()) this.set({ model: name, version }, images);
      },
    });
  }

  succeeded({ name, version }: Labelled, images: number, times: RequestTimes): void {
    const labels = { model: name, version };
    this.#success.inc(labels);
    this.#count.inc(labels, images);
    for (const [part, counter] of Object.entries(this.#durations))
      counter.inc(labels, times[part as keyof RequestTimes] * 1000);
  }

  failed({ name, version }: Labelled, reason: FailureReason): void {
    this.#failure.inc({ model: name, version, reason });
  }

  ran({ name, version }: Labelled, images: number): void {
    const labels = { model: name, version };
    this.#executions.inc(labels);
    this.#batchSizes.observe(labels, images);
  }

  answered(method: string, route: string, status: number, seconds: number): void {
    this.#http.observe({ method, route, status }, seconds);
  }

  #counter(name: string, help: string): Counter<(typeof labelNames)[number]> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}
