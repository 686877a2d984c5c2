/**
 * @file The definition of an operator in the engine: its type, its fields in the file, its inputs, its checks, and its
 * arithmetic. Each operator is one file beside this one and one line in `index.ts`.
 */

import { invalid } from "../errors.js";
import type { OutputRange, Program, QuantizedTensor, QuantizedWeights, TensorId } from "../program/program.js";

/**
 * The kinds of fields. In the file's header, a field is a JSON value or a reference to a data block; these are the types after
 * reading.
 */
export interface FieldTypes {
  /** Index into `Program.tensors`. */
  tensor: TensorId;
  tensors: readonly TensorId[];
  integer: number;
  integers: readonly number[];
  boolean: boolean;
  residual: { readonly tensor: TensorId };
  /** Weight codes and scales, in blocks. */
  weights: QuantizedWeights;
  /** int32 block, one entry per channel of the weights. */
  bias: Int32Array;
  /** uint8 block. */
  table: Uint8Array;
}

export type FieldKind = keyof FieldTypes;

export interface Field {
  readonly kind: FieldKind;
  readonly optional?: boolean;
  /** Number of elements of `"integers"` and `"tensors"`, if it is fixed. */
  readonly length?: number;
}

/** The fields of every operator. */
export interface NamedOperator {
  readonly op: string;
  readonly name: string;
}

/** One entry for every property of the operator but `op` and `name`; a forgotten one does not compile. */
export type FieldsOf<T extends NamedOperator> = { readonly [K in Exclude<keyof T, "op" | "name">]-?: Field };

/** The memory of the arithmetic: views of the arena, created once, read and written by every run. */
export interface Memory {
  readonly program: Program;
  /** The codes of a tensor, row-major in its shape. */
  codes(id: TensorId): Uint8Array;
  /** The result, `[classes]`. */
  readonly logits: Float32Array;
  readonly scratch: Scratch;
}

/**
 * Working memory that operators share. Its size is determined while they are prepared; its arrays are final when the first one
 * runs.
 */
export class Scratch {
  float64 = new Float64Array(0);
  int32 = new Int32Array(0);

  reserve(float64: number, int32: number): void {
    if (float64 > this.float64.length) this.float64 = new Float64Array(float64);
    if (int32 > this.int32.length) this.int32 = new Int32Array(int32);
  }
}

export interface WorkingMemory {
  /** Bytes that one operator keeps, for tables and weights in another order. */
  readonly keptBytes: number;
  /** Bytes of `Scratch` while it runs. */
  readonly scratchBytes: number;
}

/** The working memory of operators that allocate next to nothing. */
export const noWorkingMemory = (): WorkingMemory => ({ keptBytes: 0, scratchBytes: 0 });

export interface OperatorDefinition<T extends NamedOperator> {
  readonly fields: FieldsOf<T>;
  /** Every tensor that the operator reads, including a fused residual. */
  inputs(op: T): readonly TensorId[];
  /**
   * Refuses shapes, bit widths, scales and bounds that the arithmetic does not cover. Tensor ids are valid when it is called.
   * @throws {FormatError} that names the field
   */
  check(op: T, context: CheckContext): void;
  /** The most memory, in bytes, that the reference allocates in addition to tensors and parameters. */
  workingMemory(op: T, program: Program): WorkingMemory;
  /** Multiply-adds of one image; only layers with weights have any. */
  multiplyAdds?(op: T, program: Program): number;
  /** Elements that windows visit in one image, if there are more of them than outputs. */
  visitedElements?(op: T, program: Program): number;
  /** Returns the function that computes the operator for one image. Called once, at load. */
  prepare(op: T, memory: Memory): () => void;
}

/** The operators that a table defines. */
export type OperatorOf<Definitions> = {
  [Name in keyof Definitions]: Definitions[Name] extends OperatorDefinition<infer T>
    ? T extends { readonly op: Name }
      ? T
      : never
    : never;
}[keyof Definitions];

/** The context of an operator's checks: its tensors, and errors that name its place. */
export class CheckContext {
  constructor(
    readonly program: Program,
    /** The place of the operator, e.g. `operators[3]`. */
    readonly field: string,
    /** Whether the weight codes are known to be as many as the shape says and within their bit width. */
    readonly codesFit = false,
  ) {}

  tensor(id: TensorId): QuantizedTensor {
    return this.program.tensors[id]!;
  }

  fail(field: string, message: string): never {
    throw invalid(`${this.field}.${field}`, message);
  }

  /** Checks that an array has `length` integers in a range; programs built in memory have not passed the file's schema. */
  integers(field: string, values: readonly number[], length: number, lowest: number, highest: number): void {
    if (values.length !== length) this.fail(field, `needs ${length} integers, has ${values.length}`);
    for (const value of values) this.integer(field, value, lowest, highest);
  }

  integer(field: string, value: number, lowest: number, highest: number): void {
    if (!Number.isInteger(value) || value < lowest || value > highest)
      this.fail(field, `must be an integer in [${lowest}, ${highest}], is ${value}`);
  }

  shape(field: string, id: TensorId, expected: readonly number[]): void {
    const { name, shape } = this.tensor(id);
    if (shape.length !== expected.length || shape.some((size, axis) => size !== expected[axis]))
      this.fail(field, `tensor "${name}" must have shape [${expected}], has [${shape}]`);
  }

  featureMap(field: string, id: TensorId): readonly [number, number, number] {
    const { name, shape } = this.tensor(id);
    if (shape.length !== 3) this.fail(field, `tensor "${name}" must have shape [C, H, W], has [${shape}]`);
    return shape as unknown as readonly [number, number, number];
  }

  /** Checks that 0 ≤ lo ≤ hi ≤ 2^bits − 1, with the bit width of the output. */
  range({ lo, hi }: OutputRange, output: QuantizedTensor): void {
    const highest = 2 ** output.bits - 1;
    this.integer("hi", hi, 0, highest);
    this.integer("lo", lo, 0, hi);
  }

  /** Checks that bit width, scale and zero point are equal, for operators that move codes. */
  sameQuantization(field: string, input: TensorId, output: TensorId): void {
    const from = this.tensor(input);
    const to = this.tensor(output);
    for (const key of ["bits", "scale", "zeroPoint"] as const)
      if (from[key] !== to[key])
        this.fail(field, `moves codes, but ${key} of "${from.name}" is ${from[key]} and of "${to.name}" ${to[key]}`);
  }

  /**
   * Checks that a multiplier is positive and below 2^64, so that no intermediate value is infinite, NaN, or 0 by underflow
   * (rule 5).
   */
  multiplier(field: string, value: number): void {
    if (!isMultiplier(value))
      this.fail(field, `gives a multiplier of ${value}, which is not positive and below 2^64; the scales do not fit`);
  }

  /**
   * Checks weights and bias of `channels` output channels: codes are within their bit width, scales are usable, and Σ|w| ·
   * max|x| + |b − z·Σw| < 2^31 in every channel (rule 4).
   */
  weights(weights: QuantizedWeights, bias: Int32Array, shape: readonly number[], input: TensorId, outputScale: number) {
    const { bits, scales } = weights;
    this.integer("weights.bits", bits, 2, 8);
    if (weights.shape.length !== shape.length || shape.some((size, axis) => size !== weights.shape[axis]))
      this.fail("weights.shape", `must be [${shape}], is [${weights.shape}]`);
    const channels = shape[0]!;
    const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
    if (scales.length !== channels) this.fail("weights.scales", `must hold ${channels}, holds ${scales.length}`);
    if (bias.length !== channels) this.fail("bias", `must hold ${channels} values, holds ${bias.length}`);
    const x = this.tensor(input);
    if (!this.codesFit) this.#codes(weights.codes, bits, channels * fanIn);
    // The first test takes the largest codes of the bit width. Only if they could exceed the bound are the actual codes
    // summed.
    const largest = fanIn * 2 ** (bits - 1);
    if (
      largest * (2 ** x.bits - 1 + x.zeroPoint) + largestOf(bias) < 2 ** 31 &&
      scalesFit(scales, x.scale, outputScale)
    )
      return;
    for (let c = 0; c < channels; c++) {
      const most = largest * (2 ** x.bits - 1 + x.zeroPoint) + Math.abs(bias[c]!);
      const bound = most < 2 ** 31 ? most : reach(weights.codes.subarray(c * fanIn, (c + 1) * fanIn), bias[c]!, x);
      if (bound >= 2 ** 31)
        this.fail("weights", `channel ${c} can reach ${bound} in its accumulator, which must stay below 2^31`);
      const scale = scales[c]!;
      const multiplier = Math.fround(Math.fround(x.scale * scale) / outputScale);
      // The name of a field is put together only for an error, because a network has thousands of channels.
      if (!isScale(scale)) checkScale(`${this.field}.weights.scales[${c}]`, scale);
      if (!isMultiplier(multiplier)) this.multiplier(`weights.scales[${c}]`, multiplier);
    }
  }

  #codes(codes: Int8Array, bits: number, count: number): void {
    if (!(codes instanceof Int8Array)) this.fail("weights.codes", "must be an Int8Array");
    if (codes.length !== count) this.fail("weights.codes", `must hold ${count} codes, holds ${codes.length}`);
    const highest = 2 ** (bits - 1) - 1;
    const lowest = -highest - 1;
    const k = codes.findIndex((code) => code < lowest || code > highest);
    if (k !== -1)
      this.fail(`weights.codes[${k}]`, `must lie in [${lowest}, ${highest}] at ${bits} bits, is ${codes[k]}`);
  }
}

/** The bound on the accumulator of one channel: Σ|w| · max|x| + |b − z·Σw|. */
function reach(codes: Int8Array, bias: number, { bits, zeroPoint }: QuantizedTensor): number {
  let sum = 0;
  let magnitude = 0;
  for (const code of codes) {
    sum += code;
    magnitude += Math.abs(code);
  }
  return magnitude * (2 ** bits - 1) + Math.abs(bias - zeroPoint * sum);
}

function largestOf(bias: Int32Array): number {
  let lowest = 0;
  let highest = 0;
  for (let c = 0; c < bias.length; c++) {
    const value = bias[c]!;
    if (value < lowest) lowest = value;
    else if (value > highest) highest = value;
  }
  return Math.max(highest, -lowest);
}

/**
 * Whether all scales and their multipliers are valid. The bits of positive floats, read as integers, have the order of
 * the floats, and a larger scale never has a smaller multiplier. So it is enough to find the smallest and the largest
 * integer, which is fast even before V8 has optimized this loop.
 */
function scalesFit(scales: Float32Array, inputScale: number, outputScale: number): boolean {
  if (!(scales instanceof Float32Array)) return false;
  const bits = new Int32Array(scales.buffer, scales.byteOffset, scales.length);
  let lowest = bits[0]!;
  let highest = bits[0]!;
  for (let c = 1; c < bits.length; c++) {
    const value = bits[c]!;
    if (value < lowest) lowest = value;
    else if (value > highest) highest = value;
  }
  return [lowest, highest].every((word) => {
    const scale = new Float32Array(Int32Array.of(word).buffer)[0]!;
    return isScale(scale) && isMultiplier(Math.fround(Math.fround(inputScale * scale) / outputScale));
  });
}

/** Smallest normal float32, 2^−126. */
const smallestNormal = 2 ** -126;

const isScale = (scale: number): boolean =>
  typeof scale === "number" && scale >= smallestNormal && scale < 2 ** 128 && Math.fround(scale) === scale;

const isMultiplier = (value: number): boolean => value > 0 && value < 2 ** 64;

/** Checks that a scale is a finite, positive, normal float32 (rule 5). */
export function checkScale(field: string, scale: number): void {
  if (!isScale(scale)) throw invalid(field, `must be a finite, positive, normal float32, is ${scale}`);
}

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
