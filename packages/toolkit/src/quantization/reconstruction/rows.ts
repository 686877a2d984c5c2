/** @file One activation of every calibration image, in memory or, if it would take too much, in a temporary file. */

import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFailure } from "../../files.js";
import { removeAbandoned, temporaryName } from "../../temporary.js";

export interface Rows {
  readonly count: number;
  /** Number of elements per image. */
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
  /** Folder of the temporary file; by default the system's folder for temporary files. */
  readonly folder?: string;
}

/** @throws {MachineError} if the temporary file cannot be created, for example for lack of space */
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

/** First part of the names of the temporary files. */
const NAME = "subbyte-activations";

class FileRows implements Rows {
  readonly #path: string;
  readonly #file: number;
  #buffer = new Float32Array(0);

  constructor(
    readonly count: number,
    readonly length: number,
    folder: string,
  ) {
    try {
      removeAbandoned(folder, NAME);
      this.#path = join(folder, temporaryName(NAME));
      this.#file = openSync(this.#path, "wx+", 0o600);
    } catch (error) {
      throw writeFailure(folder, error);
    }
    this.#removeName();
    try {
      ftruncateSync(this.#file, 4 * count * length);
    } catch (error) {
      this.close();
      throw writeFailure(this.#path, error);
    }
  }

  write(first: number, values: Float32Array): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#file, bytes, done, bytes.length - done, 4 * first * this.length + done);
    } catch (error) {
      throw writeFailure(this.#path, error);
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
    this.#removeName();
  }

  /** Removes the name of the open file, if the system allows it. Then no file remains, in whatever way the process ends. */
  #removeName(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {}
  }
}
