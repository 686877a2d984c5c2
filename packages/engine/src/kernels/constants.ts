/** @file The part of a program's memory that never changes after load: packed weights, tables of offsets, task records. */

import type { WasmMemory } from "../host-types.js";
import { layouts } from "../wasm/generated.js";
import { roundUp } from "./placement.js";

type Layouts = typeof layouts;
export type TaskName = keyof Layouts;
/** A number for every field of a task record. */
export type TaskFields<Name extends TaskName> = Readonly<Record<keyof Layouts[Name], number>>;

export const pageBytes = 2 ** 16;

interface RecordField {
  readonly field: string;
  readonly isFloat: boolean;
}

/** Fields of each task record in order. */
const fieldsOf = Object.fromEntries(
  Object.entries<Readonly<Record<string, string>>>(layouts).map(([name, layout]) => [
    name,
    Object.entries(layout).map(([field, type]): RecordField => ({ field, isFloat: type === "f32" })),
  ]),
) as Readonly<Record<string, readonly RecordField[]>> as Readonly<Record<TaskName, readonly RecordField[]>>;

/** Bump allocation after the activations. Memory grows as needed, but only before the first run. */
export class Constants {
  readonly memory: WasmMemory;
  #end: number;
  /** Views of all memory, made anew whenever it grows. */
  #integers: Int32Array;
  #floats: Float32Array;
  readonly #shared = new Map<string, number>();

  /**
   * @param start   first free byte
   * @param shared  whether other threads will also use the memory
   */
  constructor(start: number, shared = false) {
    this.#end = start;
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(start / pageBytes) + 1, maximum: pageBytes, shared });
    this.#integers = new Int32Array(this.memory.buffer);
    this.#floats = new Float32Array(this.memory.buffer);
  }

  /** Number of bytes in use. */
  get end(): number {
    return this.#end;
  }

  /** Address of `bytes` new zero bytes, 64-byte aligned. */
  reserve(bytes: number): number {
    const address = roundUp(this.#end, 64);
    this.#end = address + bytes;
    const missing = this.#end - this.memory.buffer.byteLength;
    if (missing > 0) {
      this.memory.grow(Math.ceil(missing / pageBytes));
      this.#integers = new Int32Array(this.memory.buffer);
      this.#floats = new Float32Array(this.memory.buffer);
    }
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
    this.#integers.set(data, address / 4);
    return address;
  }

  floats(data: ArrayLike<number>): number {
    const address = this.reserve(4 * data.length);
    this.#floats.set(data, address / 4);
    return address;
  }

  /**
   * A table that several layers need. `key` identifies it, and `make`, which returns its address, is called for the first layer that
   * needs it.
   */
  sharedTable(key: string, make: () => number): number {
    let address = this.#shared.get(key);
    if (address === undefined) {
      address = make();
      this.#shared.set(key, address);
    }
    return address;
  }

  /** Writes a task record and returns its address. */
  task<Name extends TaskName>(name: Name, fields: TaskFields<Name>): number {
    const layout = fieldsOf[name];
    const address = this.reserve(4 * layout.length);
    const values = fields as Readonly<Record<string, number>>;
    // A loop without iterators, which allocate: there are thousands of fields, and V8 has not optimized this yet.
    for (let i = 0; i < layout.length; i++) {
      const { field, isFloat } = layout[i]!;
      const value = values[field]!;
      if (isFloat) this.#floats[address / 4 + i] = value;
      else this.#integers[address / 4 + i] = value;
    }
    return address;
  }

  /** The value of one field of a task record. */
  field<Name extends TaskName>(name: Name, field: keyof Layouts[Name] & string, address: number): number {
    const index = fieldsOf[name].findIndex((each) => each.field === field);
    return (fieldsOf[name][index]!.isFloat ? this.#floats : this.#integers)[address / 4 + index]!;
  }

  /** The fields of a task record. */
  read<Name extends TaskName>(name: Name, address: number): TaskFields<Name> {
    const layout = fieldsOf[name];
    const at = address / 4;
    return Object.fromEntries(
      layout.map(({ field, isFloat }, i) => [field, (isFloat ? this.#floats : this.#integers)[at + i]!]),
    ) as TaskFields<Name>;
  }
}
