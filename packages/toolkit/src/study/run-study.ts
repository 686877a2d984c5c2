/**
 * @file Executes the unfinished runs of a study in their order, several at the same time if wanted, and together with other
 * processes.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { InterruptedError, UsageError } from "../errors.js";
import { type Lock, takeLock } from "../lock.js";
import type { Run } from "../tasks/run.js";
import type { OpenedStudy } from "./open-study.js";
import type { PlannedRun } from "./planned-run.js";
import { type RunRecord, readRecord } from "./record.js";
import { readStates, type StudyRun, writeFailure } from "./states.js";

/** Executes one run, in this process or in another. */
export type ExecuteRun = (study: OpenedStudy, run: PlannedRun, outer: Run) => Promise<RunRecord>;

export interface RunStudyOptions {
  /** Executes only these runs, and the runs that they need. */
  readonly index?: readonly number[];
  /** If a needed run is not finished, the run fails; by default the needed run is executed first. */
  readonly requireNeeds?: boolean;
  /** Number of runs at the same time. */
  readonly jobs: number;
  readonly execute: ExecuteRun;
}

/** Milliseconds between two checks of runs that other processes execute. */
const POLL_MS = 1000;

/**
 * Executes the runs. A run that fails is recorded and stops only those that need it.
 *
 * @returns all runs of the study with their states
 * @throws {UsageError} if there is no run with that index, or another process is executing it
 * @throws {InterruptedError} if the signal fires
 */
export async function runStudy(study: OpenedStudy, options: RunStudyOptions, run: Run): Promise<readonly StudyRun[]> {
  const { plan, folder } = study;
  const { index, jobs } = options;
  const absent = index?.find((each) => each >= plan.runs.length);
  if (absent !== undefined)
    throw new UsageError(
      "option-value",
      { option: "index", value: absent, expected: `0 to ${plan.runs.length - 1}` },
      `\`index\` ${absent}: the study has ${plan.runs.length} runs, 0 to ${plan.runs.length - 1}.`,
    );
  if (index === undefined && options.requireNeeds === true)
    throw new UsageError(
      "option-conflict",
      { options: ["requireNeeds", "index"] },
      "`requireNeeds` needs `index`: without it, all runs are executed, including those that others need.",
    );
  const scheduler = new Scheduler(study, options, run);
  await scheduler.skipFinished();
  await Promise.all(Array.from({ length: jobs }, () => scheduler.work()));
  return readStates(plan, folder);
}

type Outcome = "done" | "failed";

class Scheduler {
  readonly #wanted: readonly PlannedRun[];
  readonly #outcomes = new Map<number, Outcome>();
  /** Runs that workers of this process are executing. */
  readonly #taken = new Set<number>();

  constructor(
    readonly study: OpenedStudy,
    readonly options: RunStudyOptions,
    readonly run: Run,
  ) {
    const { runs } = study.plan;
    const { index, requireNeeds = false } = options;
    const chosen = index?.map((each) => runs[each]!);
    this.#wanted = unique(
      chosen === undefined ? runs : requireNeeds ? chosen : chosen.flatMap((each) => withNeeds(runs, each)),
    );
  }

  async skipFinished(): Promise<void> {
    for (const run of this.#wanted) {
      const { state } = await readRecord(this.study.folder.of(run).result, run);
      if (state === "done") this.#outcomes.set(run.index, "done");
      if (state === "damaged")
        this.run.note(`${run.id}: its result file was truncated or changed and is ignored; the run is executed again`);
    }
    const done = this.#outcomes.size;
    await this.#requireNeeds();
    if (done > 0) this.run.note(`${done} of ${this.#wanted.length} runs are finished already`);
  }

  /**
   * Checks the runs that others need but that this process should not execute: each must be finished, else it counts as failed.
   */
  async #requireNeeds(): Promise<void> {
    const { plan, folder } = this.study;
    for (const index of unique(this.#wanted.flatMap(({ needs }) => needs))) {
      if (this.#wanted.some((run) => run.index === index)) continue;
      const run = plan.runs[index]!;
      const { state } = await readRecord(folder.of(run).result, run);
      this.#outcomes.set(index, state === "done" ? "done" : "failed");
    }
  }

  /** Takes runs until there is nothing left to do. */
  async work(): Promise<void> {
    for (;;) {
      this.#throwIfInterrupted();
      const taken = await this.#take();
      if (taken === "finished") return;
      if (taken === "wait") await sleep(POLL_MS, undefined, { signal: this.run.signal }).catch(() => undefined);
      else await this.#execute(taken.run, taken.lock);
    }
  }

  async #take(): Promise<{ readonly run: PlannedRun; readonly lock: Lock } | "wait" | "finished"> {
    const open = this.#wanted.filter(({ index }) => !this.#outcomes.has(index));
    if (open.length === 0) return "finished";
    for (const run of open) {
      if (this.#taken.has(run.index) || this.#outcomes.has(run.index)) continue;
      const needs = run.needs.map((index) => this.#outcomes.get(index));
      if (needs.includes("failed")) {
        await this.#fail(run, this.#reasonOfNeed(run));
        continue;
      }
      if (!needs.every((outcome) => outcome === "done")) continue;
      this.#taken.add(run.index);
      const lock = await takeLock(this.study.folder.of(run).lock);
      if ("release" in lock) return { run, lock };
      this.#taken.delete(run.index);
      this.#requireOther(run, lock.pid, lock.host);
    }
    return "wait";
  }

  /** @throws {UsageError} if another process is executing a run that was requested by its number */
  #requireOther({ index, id }: PlannedRun, pid: number, host: string): void {
    if (this.options.index?.includes(index) !== true) return;
    throw new UsageError(
      "run-in-use",
      { file: this.study.folder.path, reason: `${pid} on ${host}` },
      `run ${index}, ${id}, is being executed by process ${pid} on ${host}. Wait for it, or end that process first.`,
    );
  }

  async #execute(run: PlannedRun, lock: Lock): Promise<void> {
    const files = this.study.folder.of(run);
    try {
      // Another process may have finished it since.
      const read = await readRecord(files.result, run);
      if (read.state !== "done") {
        const record = await this.options.execute(this.study, run, this.run);
        this.#say(run, record);
      }
      this.#outcomes.set(run.index, "done");
    } catch (error) {
      this.#throwIfInterrupted(error);
      if (error instanceof InterruptedError) throw error;
      await this.#fail(run, (error as Error).message);
    } finally {
      this.#taken.delete(run.index);
      await lock.release();
    }
  }

  async #fail(run: PlannedRun, reason: string): Promise<void> {
    this.#outcomes.set(run.index, "failed");
    this.run.warning(`${run.id} failed: ${reason}`);
    await writeFailure(this.study.folder.of(run).failure, run, reason);
  }

  #reasonOfNeed({ needs }: PlannedRun): string {
    const failed = needs.filter((index) => this.#outcomes.get(index) === "failed");
    const names = failed.map((index) => this.study.plan.runs[index]!.id).join(", ");
    return `it needs ${names}, which ${this.options.requireNeeds === true ? "is not finished" : "failed"}`;
  }

  #say({ id }: PlannedRun, { result: { accuracy }, seconds }: RunRecord): void {
    const figure = accuracy === undefined ? "" : `: ${(100 * accuracy.top1).toFixed(2)} %`;
    const finished = this.#wanted.filter(({ index }) => this.#outcomes.has(index)).length;
    this.run.note(`${finished + 1} of ${this.#wanted.length}, ${id}${figure} (${seconds.toFixed(0)} s)`);
  }

  #throwIfInterrupted(cause?: unknown): void {
    if (!this.run.signal.aborted) return;
    throw new InterruptedError(
      "interrupted",
      { file: this.study.folder.path },
      "the study was stopped; finished runs stay, and the next start continues the others",
      { cause },
    );
  }
}

/** A run, after all runs that it needs. */
const withNeeds = (runs: readonly PlannedRun[], run: PlannedRun): readonly PlannedRun[] =>
  unique([...run.needs.flatMap((index) => withNeeds(runs, runs[index]!)), run]);

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];
