/** @file One activation of every calibration image: in memory, or in a temporary file where that would take too much. */

import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFailure } from "../../files.js";

export interface Rows {
  readonly count: number;
  /** Elements of one image. */
  readonly length: number;
  /** Sets consecutive rows from `first` on. */
  write(first: number, values: Float32Array): void;
  /** One row; valid until the next call. */
  row(index: number): Float32Array;
  /** Consecutive rows; valid until the next call. */
  slice(first: number, count: number): Float32Array;
  close(): void;
}

export interface RowsOptions {
  /** Bytes up to which rows stay in memory. */
  readonly memoryBytes: number;
  /** Where the file goes otherwise; the system's folder for temporary files by default. */
  readonly folder?: string;
}

/** @throws {MachineError} where the temporary file cannot be made, for lack of space for example */
export function createRows(count: number, length: number, options: RowsOptions): Rows {
  return 4 * count * length <= options.memoryBytes
    ? new MemoryRows(count, length)
    : new FileRows(count, length, options.folder ?? tmpdir());
}

class MemoryRows implements Rows {
  readonly #values: Float32Array;

  constructor(
    readonly count: number,
    readonly length: number,
  ) {
    this.#values = new Float32Array(count * length);
  }

  write(first: number, values: Float32Array): void {
    this.#values.set(values, first * this.length);
  }

  row(index: number): Float32Array {
    return this.#values.subarray(index * this.length, (index + 1) * this.length);
  }

  slice(first: number, count: number): Float32Array {
    return this.#values.subarray(first * this.length, (first + count) * this.length);
  }

  close(): void {}
}

class FileRows implements Rows {
  readonly #folder: string;
  readonly #file: number;
  #buffer = new Float32Array(0);

  constructor(
    readonly count: number,
    readonly length: number,
    folder: string,
  ) {
    try {
      this.#folder = mkdtempSync(join(folder, "subbyte-activations-"));
      this.#file = openSync(join(this.#folder, "rows"), "wx+", 0o600);
      ftruncateSync(this.#file, 4 * count * length);
    } catch (error) {
      throw writeFailure(folder, error);
    }
  }

  write(first: number, values: Float32Array): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#file, bytes, done, bytes.length - done, 4 * first * this.length + done);
    } catch (error) {
      throw writeFailure(join(this.#folder, "rows"), error);
    }
  }

  row(index: number): Float32Array {
    return this.slice(index, 1);
  }

  slice(first: number, count: number): Float32Array {
    if (this.#buffer.length !== count * this.length) this.#buffer = new Float32Array(count * this.length);
    const bytes = new Uint8Array(this.#buffer.buffer);
    for (let done = 0; done < bytes.length; )
      done += readSync(this.#file, bytes, done, bytes.length - done, 4 * first * this.length + done);
    return this.#buffer;
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
