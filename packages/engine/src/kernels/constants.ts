/** @file The part of a program's memory that never changes after load: packed weights, tables of offsets, task records. */

import type { WasmMemory } from "../host-types.js";
import { layouts } from "../wasm/generated.js";
import { roundUp } from "./placement.js";

type Layouts = typeof layouts;
export type TaskName = keyof Layouts;
/** A number for every field of a task record. */
export type TaskFields<Name extends TaskName> = Readonly<Record<keyof Layouts[Name], number>>;

export const pageBytes = 2 ** 16;

/** Bump allocation after the activations. Memory grows as needed, but only before the first run. */
export class Constants {
  readonly memory: WasmMemory;
  #end: number;
  readonly #shared = new Map<string, number>();

  /**
   * @param start   first free byte
   * @param shared  whether other threads will also use the memory
   */
  constructor(start: number, shared = false) {
    this.#end = start;
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(start / pageBytes) + 1, maximum: pageBytes, shared });
  }

  /** Bytes in use. */
  get end(): number {
    return this.#end;
  }

  /** Address of `bytes` new zero bytes, 64-byte aligned. */
  reserve(bytes: number): number {
    const address = roundUp(this.#end, 64);
    this.#end = address + bytes;
    const missing = this.#end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / pageBytes));
    return address;
  }

  /** Frees everything reserved since `end` was `mark`. It must not include tables that others share. */
  release(mark: number): void {
    new Uint8Array(this.memory.buffer).fill(0, mark, this.#end);
    this.#end = mark;
  }

  bytes(data: Uint8Array): number {
    const address = this.reserve(data.length);
    new Uint8Array(this.memory.buffer).set(data, address);
    return address;
  }

  integers(data: ArrayLike<number>): number {
    const address = this.reserve(4 * data.length);
    new Int32Array(this.memory.buffer).set(data, address / 4);
    return address;
  }

  floats(data: ArrayLike<number>): number {
    const address = this.reserve(4 * data.length);
    new Float32Array(this.memory.buffer).set(data, address / 4);
    return address;
  }

  /** Integers that several layers need. `key` identifies them, and `make` is called for the first layer that needs them. */
  sharedIntegers(key: string, make: () => ArrayLike<number>): number {
    let address = this.#shared.get(key);
    if (address === undefined) {
      address = this.integers(make());
      this.#shared.set(key, address);
    }
    return address;
  }

  /** Writes a task record and returns its address. */
  task<Name extends TaskName>(name: Name, fields: TaskFields<Name>): number {
    const layout = Object.entries(layouts[name]) as [keyof Layouts[Name], "i32" | "f32"][];
    const address = this.reserve(4 * layout.length);
    const view = new DataView(this.memory.buffer, address);
    for (const [i, [field, type]] of layout.entries()) {
      if (type === "f32") view.setFloat32(4 * i, fields[field], true);
      else view.setInt32(4 * i, fields[field], true);
    }
    return address;
  }
  /** The fields of a task record. */
  read<Name extends TaskName>(name: Name, address: number): TaskFields<Name> {
    const layout = Object.entries(layouts[name]) as [string, "i32" | "f32"][];
    const view = new DataView(this.memory.buffer, address);
    return Object.fromEntries(
      layout.map(([field, type], i) => [
        field,
        type === "f32" ? view.getFloat32(4 * i, true) : view.getInt32(4 * i, true),
      ]),
    ) as TaskFields<Name>;
  }
}
