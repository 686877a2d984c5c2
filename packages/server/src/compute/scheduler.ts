/** @file Decides which waiting images run next: admission, dynamic batching, and sharing of threads among models. */

import type { Cancellation } from "../cancellation.js";
import { ServerError } from "../errors.js";
import type { Job, JobResult } from "./job.js";
import type { ModelPool } from "./model-pool.js";
import type { RunTimes, WorkItem } from "./protocol.js";

export interface SchedulerOptions {
  /** Largest number of runs at the same time, over all models. */
  readonly workers: number;
  /** Largest number of images per run. */
  readonly maxBatch: number;
  /** Milliseconds that an image waits for others. */
  readonly maxBatchDelay: number;
  /** Largest number of images in the server at the same time. */
  readonly maxQueue: number;
  /** Most milliseconds that a new image is expected to wait. */
  readonly maxWait: number;
}

/** A place in the server for `count` images, until it is released. */
export interface Ticket {
  release(): void;
}

export class Scheduler {
  readonly #queues = new Set<ModelQueue>();
  #admitted = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly options: SchedulerOptions) {}

  /** Number of images that are admitted and not yet answered, over all models. */
  get admitted(): number {
    return this.#admitted;
  }

  /**
   * Refuses a request before its body is read, if the server is full.
   * @throws {ServerError} `queue-full`
   */
  checkRoom(): void {
    const { maxQueue, maxWait } = this.options;
    // The model is not known yet: the body names it, or the server chooses it.
    const least = Math.min(...[...this.#queues].map(({ expectedWait }) => expectedWait));
    if (this.#admitted >= maxQueue || (this.#queues.size > 0 && least > maxWait)) throw this.#busy(least);
  }

  /**
   * Admits `count` images for a model.
   * @throws {ServerError} `queue-full` if they would wait too long or are too many at the moment; `too-many-images` if they
   * always would be
   */
  admit(queue: ModelQueue, count: number): Ticket {
    const { maxQueue, maxWait } = this.options;
    if (count > maxQueue)
      throw new ServerError("too-many-images", `A request may have ${maxQueue} images at most, got ${count}.`, {
        action: "Send them in several requests.",
      });
    const expected = queue.expectedWait;
    if (this.#admitted + count > maxQueue || expected > maxWait) throw this.#busy(expected);
    this.#admitted += count;
    queue.admitted += count;
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.#admitted -= count;
        queue.admitted -= count;
      },
    };
  }

  #busy(expectedWait: number): ServerError {
    return new ServerError("queue-full", `The server is busy: ${this.#admitted} images are waiting or running.`, {
      action: "Try again after the seconds that Retry-After says.",
      retryAfter: Math.max(1, Math.ceil(expectedWait / 1000)),
    });
  }

  add(queue: ModelQueue): void {
    this.#queues.add(queue);
  }

  remove(queue: ModelQueue): void {
    this.#queues.delete(queue);
  }

  /** Starts runs while a thread is free: always for the model whose first image has waited longest. */
  pump(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const now = performance.now();
      let next: ModelQueue | undefined;
      let due = Number.POSITIVE_INFINITY;
      for (const queue of this.#candidates()) {
        const at = queue.dueAt;
        if (at > now) due = Math.min(due, at);
        else if (next === undefined || queue.oldest < next.oldest) next = queue;
      }
      if (next === undefined) {
        if (due !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.pump(), due - now);
        return;
      }
      void next.runBatch().finally(() => this.pump());
    }
  }

  /**
   * Models that wait for a free thread. If none is free and only one model waits, it may give a thread the next images, so that
   * they are already decoded when it is free.
   */
  #candidates(): readonly ModelQueue[] {
    const waiting = [...this.#queues].filter((queue) => queue.isWaiting);
    const busy = [...this.#queues].reduce((sum, queue) => sum + queue.busyThreads, 0);
    if (busy < this.options.workers) return waiting.filter((queue) => queue.hasFreeThread);
    const [only] = waiting;
    return waiting.length === 1 && only!.canRunAhead ? waiting : [];
  }
}

/** Called after a run, for the statistics, with the number of images and the times of its parts. */
export type OnBatch = (images: number, times: RunTimes) => void;

/** A run up to this many milliseconds is short. */
const SHORT_RUN = 10;

/** The waiting images of one loaded model. */
export class ModelQueue {
  /** Number of images in requests that have been admitted. */
  admitted = 0;
  readonly #waiting: Job[] = [];
  #running = 0;
  /** Mean milliseconds per image; recent images count more. */
  #mean = 0;

  constructor(
    readonly scheduler: Scheduler,
    readonly pool: ModelPool,
    readonly onBatch: OnBatch,
  ) {
    scheduler.add(this);
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  get busyThreads(): number {
    return Math.min(this.#running, this.pool.threads);
  }

  get hasFreeThread(): boolean {
    return this.#running < this.pool.threads;
  }

  /** Whether a thread may get a second run while it computes one. */
  get canRunAhead(): boolean {
    return this.pool.isSerial && this.#running < 2 * this.pool.threads;
  }

  /** Arrival time of the image that has waited longest. */
  get oldest(): number {
    return this.#waiting[0]!.submitted;
  }

  /** Time at which the next batch must start at the latest. */
  get dueAt(): number {
    const { maxBatch, maxBatchDelay } = this.scheduler.options;
    const images = this.#waiting.reduce((sum, { count }) => sum + count, 0);
    return images >= maxBatch ? 0 : this.oldest + maxBatchDelay;
  }

  /** Milliseconds until a newly arriving image would run. */
  get expectedWait(): number {
    return (this.admitted * this.#mean) / Math.min(this.pool.threads, this.scheduler.options.workers);
  }

  /**
   * Computes one item.
   * @throws {ServerError} the reason of the cancellation
   * @throws {ServerError} if the item is wrong, or if computing failed twice
   */
  submit(item: WorkItem, count: number, cancellation: Cancellation): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      cancellation.throwIfCancelled();
      const settled = cancellation.onCancel((reason) => {
        const at = this.#waiting.indexOf(job);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(reason);
      });
      const job: Job = {
        item,
        count,
        cancellation,
        submitted: performance.now(),
        resolve: (result) => {
          settled();
          resolve(result);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        attempts: 0,
      };
      this.#waiting.push(job);
      this.scheduler.pump();
    });
  }

  async runBatch(): Promise<void> {
    const jobs = this.#take();
    this.#running++;
    try {
      const { results, times } = await this.pool.run(jobs.map(({ item }) => item));
      const images = jobs.reduce((sum, { count }) => sum + count, 0);
      this.#learn((times.input + times.infer + times.output) / images);
      const answered = performance.now();
      jobs.forEach((job, i) => {
        const result = results[i]!;
        if ("outputs" in result) {
          const { decode, input, infer, output } = result.times;
          job.resolve({ ...result, queue: Math.max(0, answered - job.submitted - decode - input - infer - output) });
        } else if (result.error.kind === "image") job.reject(new UndecodableImage(result.error.message));
        else if (result.error.kind === "data") job.reject(wrongItem(result.error.message));
        else this.#again(job, result.error.message);
      });
      this.onBatch(images, times);
    } catch (error) {
      for (const job of jobs) this.#again(job, (error as Error).message);
    } finally {
      this.#running--;
    }
  }

  /**
   * Most images per run. If a thread computes images one by one and none should wait for others, a run of several
   * images saves only messages, and all of them are answered only when the last is computed. So such runs are kept
   * short.
   */
  get #mostTogether(): number {
    const { maxBatch, maxBatchDelay } = this.scheduler.options;
    if (!this.pool.isSerial || maxBatchDelay > 0) return maxBatch;
    return Math.min(maxBatch, Math.max(1, Math.floor(SHORT_RUN / this.#mean)));
  }

  /** Takes the oldest jobs that fit into one batch; a job larger than a batch runs alone. */
  #take(): Job[] {
    const most = this.#mostTogether;
    let images = 0;
    let taken = 0;
    while (taken < this.#waiting.length && (taken === 0 || images + this.#waiting[taken]!.count <= most))
      images += this.#waiting[taken++]!.count;
    return this.#waiting.splice(0, taken);
  }

  /** Tries a job again, once, because a thread may have died or thrown for another reason. */
  #again(job: Job, reason: string): void {
    job.attempts++;
    if (job.cancellation.isCancelled) return;
    if (job.attempts < 2) {
      this.#waiting.unshift(job);
      return;
    }
    job.reject(
      new ServerError("compute-failed", "The model could not be run.", {
        action: "Try again; the server's log has the reason.",
        cause: new Error(reason),
      }),
    );
  }

  #learn(milliseconds: number): void {
    this.#mean = this.#mean === 0 ? milliseconds : 0.9 * this.#mean + 0.1 * milliseconds;
  }
}

/** An error with only the reason; the caller adds the name of the file. */
export class UndecodableImage extends Error {}

const wrongItem = (message: string): ServerError =>
  new ServerError("invalid-tensor", `${message.charAt(0).toUpperCase()}${message.slice(1)}.`, {
    action: "Send what the model's metadata describes (GET /v2/models/NAME).",
  });
