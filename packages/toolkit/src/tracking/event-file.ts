/** @file An event file, which TensorBoard shows while it grows. */

import { appendFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeFailure } from "../files.js";
import { type EventContent, encodeEvent } from "./event.js";
import { framed } from "./record.js";

const VERSION = "brain.Event:2";

export class EventFile {
  readonly path: string;

  /**
   * Begins a new file in the folder, which is created if necessary.
   *
   * @param firstStep from this step on, TensorBoard forgets the contents of earlier files in the folder
   * @throws {MachineError} if the file cannot be written
   */
  constructor(folder: string, firstStep: number) {
    const now = Date.now() / 1000;
    this.path = join(folder, `events.out.tfevents.${Math.floor(now)}.${hostname()}.${process.pid}.${firstStep}`);
    this.#guarded(() => mkdirSync(folder, { recursive: true }));
    this.#write(0, { file_version: VERSION });
    this.#write(firstStep, { session_log: { status: "START" } });
  }

  /** @param values by tag; values that are not finite are left out */
  scalars(step: number, values: Readonly<Record<string, number | undefined>>): void {
    const value = Object.entries(values).flatMap(([tag, scalar]) =>
      scalar !== undefined && Number.isFinite(scalar) ? [{ tag, simple_value: scalar }] : [],
    );
    if (value.length > 0) this.#write(step, { summary: { value } });
  }

  #write(step: number, content: EventContent): void {
    const record = framed(encodeEvent(Date.now() / 1000, step, content));
    this.#guarded(() => appendFileSync(this.path, record));
  }

  #guarded(write: () => unknown): void {
    try {
      write();
    } catch (error) {
      throw writeFailure(this.path, error);
    }
  }
}
