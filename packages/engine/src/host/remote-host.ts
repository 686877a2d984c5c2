/** @file A model in a worker. */

import { platform } from "#platform";
import { InputError } from "../errors.js";
import { notPostable, type Picture } from "../image/picture.js";
import type { WorkerEndpoint } from "../platform.js";
import type { Fit } from "../preprocess/preprocess.js";
import { type Assignment, canShareMemory, type Recruit } from "../threads/team.js";
import { compileKernels } from "../wasm/modules.js";
import type { Host, HostOptions, HostState, LayerProfile, Tensor } from "./host.js";
import { type Cancellation, type Reply, type Request, ready, type Service, unpackError } from "./protocol.js";
import { bestTier } from "./tier.js";

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

// Sending data to a worker takes its memory away from the caller, so the data is copied first. The constructors of arrays make these
// copies, because `slice` of Node's `Buffer` shares the memory instead of copying it.

/** Starts as many workers as possible, at most `count`, and returns the reason if some could not be started. */
export async function startWorkers(
  count: number,
): Promise<{ readonly workers: readonly RemoteHost[]; readonly failure?: Error }> {
  const starts = await Promise.allSettled(Array.from({ length: count }, () => RemoteHost.start()));
  const workers = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const failed = starts.find((start) => start.status === "rejected");
  return { workers, ...(failed === undefined ? {} : { failure: failed.reason as Error }) };
}

/** A worker: it opens a model, or helps another host. */
export class RemoteHost implements Host, Recruit {
  readonly #worker: WorkerEndpoint;
  readonly #pending = new Map<number, Pending>();
  #state: HostState | undefined;
  #next = 0;
  #ended: Error | undefined;

  private constructor(worker: WorkerEndpoint) {
    this.#worker = worker;
    worker.listen((message) => {
      if (message !== ready) this.#settle(message as Reply);
    });
  }

  /** @throws {Error} if workers cannot be started here. */
  static async start(): Promise<RemoteHost> {
    const worker = platform.startWorker();
    const host = new RemoteHost(worker);
    worker.keepAlive(true);
    await new Promise<void>((resolve, reject) => {
      worker.listen((message) => {
        if (message === ready) resolve();
      });
      worker.onFailure((reason) => {
        host.#end(reason);
        reject(reason);
      });
    });
    worker.keepAlive(false);
    return host;
  }

  /** The reason why the worker no longer answers; undefined while it does. */
  get ended(): Error | undefined {
    return this.#ended;
  }

  get state(): HostState {
    if (this.#state === undefined) throw new Error("internal: the worker has no model yet");
    return this.#state;
  }

  /** Number of calls that have no answer yet. */
  get load(): number {
    return this.#pending.size;
  }

  async open(file: Uint8Array, options: HostOptions): Promise<void> {
    const tier = options.tier === "auto" ? bestTier() : options.tier;
    const isShared = options.threads > 1 && canShareMemory();
    const modules = tier === "scalar" ? {} : { modules: await compileKernels(tier, isShared) };
    const copy = new Uint8Array(file);
    this.#state = await this.#call("open", [copy, { ...options, tier, ...modules }], [copy.buffer]);
  }

  join(assignment: Assignment): Promise<void> {
    return this.#call("join", [assignment]);
  }

  run(input: Tensor, signal?: AbortSignal): Promise<Float32Array> {
    const copy = input instanceof Float32Array ? new Float32Array(input) : new Uint8Array(input);
    return this.#call("run", [copy], [copy.buffer], signal);
  }

  runPicture(picture: Picture, fit: Fit, signal?: AbortSignal): Promise<Float32Array> {
    if (!("data" in picture)) return this.#call("runPicture", [picture, fit], [], signal);
    const data = new Uint8Array(picture.data);
    return this.#call("runPicture", [{ ...picture, data }, fit], [data.buffer], signal);
  }

  profile(runs: number): Promise<LayerProfile[]> {
    return this.#call("profile", [runs]);
  }

  dispose(): void {
    this.#end(new InputError("model-disposed", {}, "the model was disposed of"));
  }

  /** @param transfer  copies that the worker may keep; posting a view would send the whole buffer around it */
  #call<M extends keyof Service>(
    method: M,
    parameters: Parameters<Service[M]>,
    transfer: readonly ArrayBuffer[] = [],
    signal?: AbortSignal,
  ): ReturnType<Service[M]> {
    const id = this.#next++;
    const answer = new Promise<unknown>((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#ended !== undefined) return reject(this.#ended);
      try {
        this.#worker.post({ id, method, parameters } satisfies Request, transfer);
      } catch (cause) {
        return reject(notPostable(cause));
      }
      this.#pending.set(id, { resolve, reject });
      this.#worker.keepAlive(true);
    });
    return (signal === undefined ? answer : this.#cancellable(id, answer, signal)) as ReturnType<Service[M]>;
  }

  /** Rejects at once if the signal fires; the worker skips what it has not begun. */
  async #cancellable(id: number, answer: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    const cancel = () => {
      if (!this.#pending.has(id)) return;
      this.#worker.post({ cancel: id } satisfies Cancellation);
      this.#pending.get(id)!.reject(signal.reason);
    };
    signal.addEventListener("abort", cancel);
    try {
      return await answer;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.keepAlive(false);
    if ("error" in reply) pending?.reject(unpackError(reply.error));
    else pending?.resolve(reply.result);
  }

  /** Ends the worker and rejects its requests. */
  #end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }
}
