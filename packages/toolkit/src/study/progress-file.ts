/**
 * @file The progress of a run, in a file that `study status` reads. It is only informative: if it cannot be written, it is left
 * out.
 */

import { readFile, rm } from "node:fs/promises";
import { writeFileAtomic } from "../files.js";
import type { PhaseEvent, ProgressEvent } from "../tasks/events.js";

/** The latest progress of a run's tasks. */
export interface RunProgress {
  readonly phase: string;
  readonly detail?: string;
  /** Share of the phase, 0…1; absent if its length is not known. */
  readonly share?: number;
  readonly secondsLeft?: number;
}

const WRITE_MS = 2000;

export class ProgressFile {
  #written = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();

  constructor(private readonly path: string) {}

  say(event: PhaseEvent | ProgressEvent): void {
    if (performance.now() - this.#written < WRITE_MS) return;
    this.#written = performance.now();
    const { phase, detail } = event;
    const { done = 0, total, secondsLeft } = event.type === "progress" ? event : {};
    const progress: RunProgress = {
      phase,
      ...(detail === undefined ? {} : { detail }),
      ...(total ? { share: done / total } : {}),
      ...(secondsLeft === undefined ? {} : { secondsLeft: Math.round(secondsLeft) }),
    };
    const write = () => writeFileAtomic(this.path, JSON.stringify(progress)).catch(() => undefined);
    this.#writing = this.#writing.then(write);
  }

  async close(): Promise<void> {
    await this.#writing;
    await rm(this.path, { force: true });
  }
}

export async function readProgress(path: string): Promise<RunProgress | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as RunProgress;
  } catch {
    return undefined;
  }
}
