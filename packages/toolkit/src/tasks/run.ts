/** @file One run of a task: where its events go, how it is stopped, and what it has reported. Two runs share nothing. */

import { ImageCache } from "../data/cache.js";
import { defined } from "../defined.js";
import { parseOptions, type TaskInput, type TaskName, type TaskOptions } from "../options/index.js";
import { type Device, requireDevice } from "../runtime/index.js";
import type { Phase, PhaseEvent, ProgressEvent, TaskEvent } from "./events.js";
import { checkOutputFiles } from "./output-files.js";

/** The program that made a result. */
export interface Software {
  readonly version: string;
  /** Commit from which the program was built; `dirty` if files differed from it. */
  readonly commit?: { readonly hash: string; readonly dirty: boolean };
}

/** Callbacks and signal with which a caller follows and stops a task. */
export interface TaskContext {
  /** Ends the task after the current step; it throws an `InterruptedError`, or the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called with each event, in order. */
  readonly emit?: (event: TaskEvent) => void;
  /** The cache of decoded images; `~/.cache/subbyte` by default. */
  readonly cache?: ImageCache;
  /** Recorded with the results of studies. */
  readonly software?: Software;
}

/** A task: from options to a result, with events on the way. It reads and writes only the files that its options name. */
export type Task<Name extends TaskName, Result> = (input: TaskInput<Name>, context?: TaskContext) => Promise<Result>;

/** @param work gets checked options with their defaults */
export const defineTask =
  <Name extends TaskName, Result>(
    name: Name,
    work: (options: TaskOptions<Name>, run: Run) => Promise<Result>,
  ): Task<Name, Result> =>
  async (input, context = {}) => {
    const given = new Set(Object.keys(input).filter((key) => input[key as keyof typeof input] !== undefined));
    const options = parseOptions(name, input);
    await checkOutputFiles(name, options);
    const { device } = options as { readonly device?: Device };
    if (device !== undefined) await requireDevice(device);
    return work(options, new Run(context, given));
  };

/** Seconds of a phase before its duration is estimated, because the first steps allocate memory and fill caches. */
const SETTLING_SECONDS = 2;

type More = Partial<Omit<ProgressEvent, "type" | "phase" | "done" | "total">>;

/** One run of a task: emits its events and carries its signal. */
export class Run {
  readonly signal: AbortSignal;
  readonly cache: ImageCache;
  readonly software: Software | undefined;
  readonly #emit: (event: TaskEvent) => void;
  readonly #said = new Set<string>();
  readonly #warnings: string[] = [];
  #phase: Phase = "opening images";
  #begun = 0;
  /** The first progress of the phase; work until then is not timed. */
  #first: { readonly done: number; readonly at: number } | undefined;

  /** @param given names of the options that were given, without defaults */
  constructor(
    context: TaskContext,
    readonly given: ReadonlySet<string> = new Set(),
  ) {
    this.signal = context.signal ?? new AbortController().signal;
    this.cache = context.cache ?? ImageCache.standard();
    this.software = context.software;
    this.#emit = context.emit ?? (() => {});
  }

  /** Begins a step of the work. */
  phase(phase: Phase, detail?: string, { bits }: Pick<PhaseEvent, "bits"> = {}): void {
    this.#phase = phase;
    this.#begun = performance.now();
    this.#first = undefined;
    this.#emit({ type: "phase", phase, ...defined({ detail, bits }) });
  }

  /** A context for tasks that are parts of this one; `change` maps their events. */
  nested(change: (event: TaskEvent) => TaskEvent | undefined): TaskContext {
    const { signal, cache, software } = this;
    const emit = (event: TaskEvent) => {
      const changed = change(event);
      if (changed !== undefined) this.#emit(changed);
    };
    return { signal, cache, emit, ...(software === undefined ? {} : { software }) };
  }

  /**
   * Reports the progress of the current phase.
   *
   * @param total if it is known
   */
  progress(done: number, total?: number, { secondsLeft, ...more }: More = {}): void {
    const estimate = this.#settled() ? (secondsLeft ?? this.#estimate(done, total)) : undefined;
    this.#first ??= { done, at: performance.now() };
    this.#emit({
      type: "progress",
      phase: this.#phase,
      done,
      ...(total === undefined ? {} : { total }),
      ...(estimate === undefined || !Number.isFinite(estimate) ? {} : { secondsLeft: estimate }),
      ...more,
    });
  }

  /** Reports a fact about the result that the user should know, once. */
  note(text: string): void {
    this.#say({ type: "note", text });
  }

  /** Reports something that is probably wrong, once; the result also lists it. */
  warning(text: string): void {
    this.#say({ type: "warning", text });
    if (!this.#warnings.includes(text)) this.#warnings.push(text);
  }

  /** Warnings so far, for the result. */
  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /**
   * A context for a task that is a step of this one. Its phases and progress get `detail` as a prefix, and its warnings are
   * passed on. Its notes, which are about its own result, are dropped.
   */
  within(detail: string): TaskContext {
    const labelled = (own: string | undefined) => (own === undefined ? detail : `${detail}, ${own}`);
    const emit = (event: TaskEvent) => {
      if (event.type === "warning") this.warning(event.text);
      else if (event.type !== "note") this.#emit({ ...event, detail: labelled(event.detail) });
    };
    return { signal: this.signal, cache: this.cache, emit };
  }

  #say(event: Extract<TaskEvent, { readonly text: string }>): void {
    if (this.#said.has(event.text)) return;
    this.#said.add(event.text);
    this.#emit(event);
  }

  #settled(): boolean {
    return performance.now() - this.#begun >= 1000 * SETTLING_SECONDS;
  }

  /** Estimates the remaining time by the speed since the first progress of the phase. */
  #estimate(done: number, total: number | undefined): number | undefined {
    if (total === undefined || !this.#first || done <= this.#first.done) return undefined;
    const seconds = (performance.now() - this.#first.at) / 1000;
    return (seconds * (total - done)) / (done - this.#first.done);
  }
}
