/**
 * @file The memory in which weights are packed at load: it holds the unpacked codes of one layer after the other, or of a part of a
 * large one, and what kernels leave for the host. Activations use it later.
 */

import { packedCodes } from "../format/packed-weights.js";
import type { QuantizedWeights } from "../program/program.js";
import type { PlainKernel } from "../wasm/generated.js";
import type { Kernels } from "../wasm/modules.js";
import type { Constants, TaskFields, TaskName } from "./constants.js";
import { roundUp } from "./placement.js";
import type { Filter } from "./window.js";

/** Bytes after the codes in which packed bytes may end, so that whole vectors can unpack them in place. */
const unpackSlack = 64;

/** Number of codes of one output. */
export const filterLength = ({ inputs, kernel }: Filter): number => inputs * kernel[0] * kernel[1];

/** Most codes that are staged at a time if a layer can be packed in parts: pages that are never touched are never made. */
const partCodes = 2 ** 17;

/** Number of outputs of a layer that are staged at a time, a multiple of a block of outputs unless all are staged. */
function rowsAtOnce(filter: Filter): number {
  const length = filterLength(filter);
  const isPlain = filter.groups === 1 && filter.kernel[0] * filter.kernel[1] === 1;
  if (!isPlain) return filter.outputs;
  return Math.min(filter.outputs, Math.max(16, roundDown(partCodes / length, 16)));
}

const roundDown = (value: number, unit: number): number => Math.floor(value / unit) * unit;

/** Bytes that staging one layer takes at most. */
export function stagingBytes(filter: Filter): number {
  const { outputs } = filter;
  const steps = filterLength(filter);
  return rowsAtOnce(filter) * steps + 72 * outputs + 128 * roundUp(outputs, 16) + 16 * steps + 2048;
}

export class Staging {
  readonly constants: Constants;
  protected readonly kernels: Kernels;
  readonly #start: number;
  #weights: QuantizedWeights | undefined;
  #filter: Filter | undefined;
  /** Number of outputs that are staged at a time, and the first of those that are staged now. */
  #rows = 0;
  #staged = -1;
  /** Address of the end of the data in the staging area. */
  protected end = 0;

  /** @param start  address of the staging area */
  constructor(constants: Constants, kernels: Kernels, start: number) {
    this.constants = constants;
    this.kernels = kernels;
    this.#start = start;
  }

  /** Unpacks `weights`; the other methods then work on them. Large filters of one tap are unpacked in parts, whenever they are read. */
  stage(weights: QuantizedWeights, filter: Filter): void {
    this.#weights = weights;
    this.#filter = filter;
    this.#rows = rowsAtOnce(filter);
    this.#staged = -1;
    this.unpack(0);
    this.end = this.#start + this.#rows * filterLength(filter) + unpackSlack;
  }

  /** Unpacks the part that begins at output `first`, and returns the address where the codes of output 0 would be. */
  protected unpack(first: number): number {
    const length = filterLength(this.#filter!);
    const address = this.#start - first * length;
    if (this.#staged === first) return address;
    this.#staged = first;
    const { buffer } = this.constants.memory;
    const weights = this.#weights!;
    const { bits, shape } = weights;
    const rows = Math.min(this.#rows, shape[0]! - first);
    const packed = packedCodes(weights);
    if (packed === undefined) {
      new Int8Array(buffer).set(weights.codes.subarray(first * length, (first + rows) * length), this.#start);
      return address;
    }
    const pitch = packed.length / shape[0]!;
    const part = packed.subarray(first * pitch, (first + rows) * pitch);
    const at = bits === 8 ? this.#start : this.#start + rows * length + unpackSlack - part.length;
    new Uint8Array(buffer).set(part, at);
    if (bits !== 8) this.run("unpack", "UnpackTask", { packed: at, bits, rows, length, codes: this.#start });
    return address;
  }

  /** Calls `work` for every part of the filters, which are the outputs `first` to `end` − 1, with the address where the codes of output 0 would be. */
  protected forParts(work: (codes: number, first: number, end: number) => void): void {
    const outputs = this.#filter!.outputs;
    for (let first = 0; first < outputs; first += this.#rows)
      work(this.unpack(first), first, Math.min(outputs, first + this.#rows));
  }

  /** Runs a kernel whose record is not needed afterwards. */
  protected run<Name extends TaskName>(kernel: PlainKernel, name: Name, fields: TaskFields<Name>): number {
    const mark = this.constants.end;
    const result = this.kernels[kernel](this.constants.task(name, fields));
    this.constants.release(mark);
    return result;
  }

  /** Address of memory that is free until `end` is set back or other weights are staged. */
  protected temporary(bytes: number): number {
    const address = roundUp(this.end, 16);
    this.end = address + bytes;
    return address;
  }
}
