/**
 * @file Runs a model on the calling thread: reads and checks the file once, prepares the layers, and warms up. Every other host
 * uses a session in the end.
 */

import { tooLarge } from "../errors.js";
import { readSbq } from "../format/reader.js";
import { type Picture, pixelsOf } from "../image/picture.js";
import { planProgram } from "../kernels/plan.js";
import { elementCount } from "../operators/definition.js";
import { type Fit, preprocess } from "../preprocess/preprocess.js";
import type { Program } from "../program/program.js";
import { quantizeInput } from "../reference/reference.js";
import { canShareMemory } from "../threads/team.js";
import { compileKernels, type KernelModules } from "../wasm/modules.js";
import type { Host, HostOptions, HostState, LayerProfile, ModelInfo, Tensor } from "./host.js";
import { modelInfo } from "./info.js";
import { type RemoteHost, startWorkers } from "./remote-host.js";
import { createRunner, type Eventually, type Runner } from "./runner.js";
import { bestTier } from "./tier.js";
import { Turns } from "./turns.js";

export interface SessionOptions extends HostOptions {
  /** The kernels, if they have been compiled already. */
  readonly modules?: KernelModules;
}

export class Session implements Host {
  #state: HostState;
  readonly #program: Program;
  #runner: Runner;
  #helpers: readonly RemoteHost[];
  #alone: Promise<void> | undefined;

  private constructor(program: Program, state: HostState, runner: Runner, helpers: readonly RemoteHost[]) {
    this.#program = program;
    this.#runner = runner;
    this.#helpers = helpers;
    this.#state = state;
  }

  /**
   * @throws {FormatError} if the file is damaged, hostile or too large.
   * @throws {EnvironmentError} if this machine lacks the tier.
   */
  static async open(file: Uint8Array, options: SessionOptions): Promise<Session> {
    const tier = options.tier === "auto" ? bestTier() : options.tier;
    const shared = sharing(tier, options.threads);
    const starting = startWorkers(shared.helpers);
    let helpers: readonly RemoteHost[] = [];
    try {
      const { workers, failure } = await starting;
      helpers = workers;
      const reason = shared.reason ?? failure?.message;
      // First of all: nothing that follows waits for the event loop then, in whose turns V8 would begin to collect garbage.
      const modules =
        options.modules ?? (tier === "scalar" ? undefined : await compileKernels(tier, helpers.length > 0));
      const program = readSbq(file, { maxBytes: options.maxBytes });
      const plan = tier === "scalar" ? undefined : planProgram(program, tier);
      const info = modelInfo(program, tier, 1 + shared.helpers, plan);
      checkMemory(info, tier, options.maxBytes);
      const runner = await createRunner(program, tier, helpers, modules, plan);
      const threads = 1 + helpers.length;
      const fallback = threads < options.threads && reason !== undefined ? { fallback: reason } : {};
      return new Session(program, { info, tier, threads, ...fallback }, runner, helpers);
    } catch (error) {
      for (const helper of (await starting).workers) helper.dispose();
      // A helper died while it was being prepared.
      if (helpers.length === 0 || !isWorkerFault(error)) throw error;
      const session = await Session.open(file, { tier, maxBytes: options.maxBytes, threads: 1 });
      session.#state = { ...session.#state, fallback: (error as Error).message };
      return session;
    }
  }

  get state(): HostState {
    return this.#state;
  }

  async run(input: Tensor, signal?: AbortSignal): Promise<Float32Array> {
    signal?.throwIfAborted();
    const { inputShape, classes } = this.#state.info;
    const size = elementCount(inputShape);
    const [images, method] =
      input instanceof Float32Array
        ? ([quantizeInput(this.#program, input), "runCodes"] as const)
        : ([input, "run"] as const);
    const count = images.length / size;
    if (signal === undefined || count === 1) return this.#attempt((runner) => runner[method](images));
    const logits = new Float32Array(count * classes);
    const turns = new Turns(signal);
    for (let n = 0; n < count; n++) {
      await turns.next();
      const image = images.subarray(n * size, (n + 1) * size);
      logits.set(await this.#attempt((runner) => runner[method](image)), n * classes);
    }
    return logits;
  }

  async runPicture(picture: Picture, fit: Fit, signal?: AbortSignal): Promise<Float32Array> {
    if (signal !== undefined) await new Turns(signal).next();
    const image = preprocess(pixelsOf(picture), this.#program.preprocessing, fit);
    return this.#attempt((runner) => runner.run(image));
  }

  async profile(runs: number): Promise<LayerProfile[]> {
    const image = Uint8Array.from({ length: elementCount(this.#state.info.inputShape) }, (_, i) => (i * 97) & 255);
    return this.#attempt((runner) => runner.profile(image, runs));
  }

  dispose(): void {
    for (const helper of this.#helpers) helper.dispose();
  }

  /** Does the work. If a helper has died, this thread does this and all later work without helpers. */
  async #attempt<T>(work: (runner: Runner) => Eventually<T>): Promise<T> {
    const dead = this.#helpers.find(({ ended }) => ended !== undefined);
    if (dead !== undefined) await this.#goOnAlone(dead.ended!);
    await this.#alone;
    try {
      return await work(this.#runner);
    } catch (error) {
      if (!isWorkerFault(error)) throw error;
      await this.#goOnAlone(error as Error);
      return work(this.#runner);
    }
  }

  /** Continues without helpers, in new memory: a helper that only seemed dead may still write to the old memory. */
  #goOnAlone({ message }: Error): Promise<void> {
    this.#alone ??= (async () => {
      const { tier } = this.#state;
      for (const helper of this.#helpers) helper.dispose();
      this.#helpers = [];
      this.#runner = await createRunner(this.#program, tier, []);
      this.#state = { ...this.#state, threads: 1, fallback: message };
    })();
    return this.#alone;
  }
}

/** The number of workers that can help, and the reason if there are fewer than requested. */
function sharing(tier: HostState["tier"], threads: number): { readonly helpers: number; readonly reason?: string } {
  if (threads === 1) return { helpers: 0 };
  if (tier === "scalar") return { helpers: 0, reason: 'the tier "scalar" runs on one thread' };
  if (!canShareMemory())
    return {
      helpers: 0,
      reason: "threads share memory only in a cross-origin isolated page (headers COOP and COEP)",
    };
  return { helpers: threads - 1 };
}

function checkMemory({ peakBytes }: ModelInfo, tier: HostState["tier"], maxBytes: number): void {
  if (peakBytes > maxBytes)
    throw tooLarge(
      "program",
      peakBytes,
      maxBytes,
      `needs ${peakBytes} bytes of memory in the tier "${tier}", more than the limit of ${maxBytes}; raise maxBytes`,
    );
}

/** Whether an error means that a thread died, so that file and input are not at fault. */
const isWorkerFault = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "thread-lost" || error.code === "worker-failed");
