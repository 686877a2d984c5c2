/** @file Processes a request of any protocol: admission, decoding, queue, statistics. */

import type { Cancellation } from "../cancellation.js";
import type { JobResult } from "../compute/job.js";
import type { WorkItem } from "../compute/protocol.js";
import type { Scheduler, Ticket } from "../compute/scheduler.js";
import { ServerError, toServerError } from "../errors.js";
import type { FailureReason, Metrics } from "../metrics.js";
import type { LoadedModel } from "../models/loaded-model.js";
import type { RequestTimes } from "../models/statistics.js";
import type { EncodedImage, ImageMemory } from "./images.js";

/** The result of one image. */
export type ImageOutcome =
  | { readonly values: Float32Array; readonly times: ImageTimes }
  | { readonly error: ServerError };

/** Times in milliseconds. */
export interface ImageTimes {
  /** Time from the request's arrival to the answer to this image. */
  readonly total: number;
  /** Time of waiting for memory and for a thread. */
  readonly queue: number;
  readonly decode: number;
  /** Time of the preprocessing and the network. */
  readonly compute: number;
}

export class Inference {
  constructor(
    private readonly scheduler: Scheduler,
    private readonly memory: ImageMemory,
    private readonly metrics: Metrics,
  ) {}

  /** Runs tensors that were checked against the model. */
  async run(model: LoadedModel, item: WorkItem, count: number, cancellation: Cancellation): Promise<JobResult> {
    return this.#request(model, count, async (started) => {
      const result = await model.queue.submit(item, count, cancellation);
      const { times, queue } = result;
      return { result, times: { ...times, queue, total: performance.now() - started } };
    });
  }

  /**
   * Logits or probabilities of image files, each decoded and preprocessed as the model says. If one image cannot be decoded,
   * the others are still answered.
   */
  async images(
    model: LoadedModel,
    images: readonly EncodedImage[],
    cancellation: Cancellation,
  ): Promise<ImageOutcome[]> {
    if (model.description.classifier === undefined) throw noClassifier(model);
    return this.#request(model, images.length, async (started) => {
      const result = await Promise.all(images.map((image) => this.#image(model, image, started, cancellation)));
      const good = result.filter((each) => "values" in each);
      if (good.length === 0 && result.length > 0) throw (result[0] as { error: ServerError }).error;
      const sum = (of: (times: ImageTimes) => number) => good.reduce((total, { times }) => total + of(times), 0);
      const times = {
        input: sum(({ decode }) => decode),
        infer: sum(({ compute }) => compute),
        output: 0,
        queue: sum(({ queue }) => queue),
        total: performance.now() - started,
      };
      return { result, times };
    });
  }

  async #image(
    model: LoadedModel,
    encoded: EncodedImage,
    started: number,
    cancellation: Cancellation,
  ): Promise<ImageOutcome> {
    try {
      return await this.memory.with(encoded, cancellation, async (item) => {
        const { outputs, times } = await model.queue.submit(item, 1, cancellation);
        const { decode } = times;
        const compute = times.input + times.infer + times.output;
        const total = performance.now() - started;
        const output = outputs.find(({ name }) => name === model.description.classifier!.output)!;
        return {
          values: output.data as Float32Array,
          times: { total, decode, compute, queue: Math.max(0, total - decode - compute) },
        };
      });
    } catch (error) {
      const told = toServerError(error);
      // An error that concerns the server rather than this image ends the whole request.
      if (told.status >= 499 || told.status === 429) throw told;
      return { error: told };
    }
  }

  async #request<T>(
    model: LoadedModel,
    count: number,
    work: (started: number) => Promise<{ readonly result: T; readonly times: RequestTimes }>,
  ): Promise<T> {
    const started = performance.now();
    let ticket: Ticket | undefined;
    try {
      ticket = this.scheduler.admit(model.queue, count);
      const { result, times } = await model.use(() => work(started));
      model.statistics.success(count, times);
      this.metrics.succeeded(model, count, times);
      return result;
    } catch (error) {
      model.statistics.fail(performance.now() - started);
      this.metrics.failed(model, reasonOf(toServerError(error)));
      throw error;
    } finally {
      ticket?.release();
    }
  }
}

const noClassifier = ({ name, version, description }: LoadedModel): ServerError =>
  new ServerError("no-classifier", `The model "${name}" is not set up to classify images.`, {
    action:
      description.kind === "onnx"
        ? `Put a .json file with its preprocessing beside it, or send tensors to /v2/models/${name}/versions/${version}/infer.`
        : `Send tensors to /v2/models/${name}/versions/${version}/infer.`,
  });

function reasonOf({ code }: ServerError): FailureReason {
  if (code === "queue-full" || code === "too-many-images") return "REJECTED";
  if (code === "client-closed" || code === "request-timeout") return "CANCELED";
  if (code === "compute-failed" || code === "internal") return "BACKEND";
  return "OTHER";
}
