/**
 * @file The interpreter of programs in scalar TypeScript. It follows `docs/arithmetic.md` literally, and every kernel is tested
 * against it.
 */

import { aFunction, byteArray, checkArgument, checkOptions, positiveInteger } from "../arguments.js";
import { InputError } from "../errors.js";
import { toCode } from "../operators/arithmetic.js";
import { elementCount, type Memory, Scratch } from "../operators/definition.js";
import { definitionOf, outputOf } from "../operators/index.js";
import { planArena } from "../program/arena.js";
import { type CheckOptions, checkBuiltProgram, checkOptionTypes, defaultMaxBytes } from "../program/check.js";
import type { Operator, Program, TensorId } from "../program/program.js";

/** Called after each operator with the codes that it wrote, or with the logits. The array is a copy. */
export type Trace = (op: Operator, index: number, result: Uint8Array | Float32Array, image: number) => void;

/** Options of `createReference`. */
export interface ReferenceOptions extends CheckOptions {
  /** Called with the codes that each operator computes. */
  readonly trace?: Trace;
}

/** A program run by plain integer loops. All kernels give the same bits. */
export interface Reference {
  readonly program: Program;
  /**
   * Logits `[count, classes]` of images `[count, H, W, C]`, bytes at the network's size with interleaved channels.
   * @throws {InputError} if the length does not fit.
   */
  run(images: Uint8Array, count?: number): Float32Array;
  /** Like `run`, but takes codes of the input tensor, `[count, C, H, W]`. */
  runCodes(codes: Uint8Array, count?: number): Float32Array;
}

/**
 * Prepares a program: checks it, plans the arena, and sets up every operator once. A run allocates only its result.
 * @throws {FormatError} if the program breaks a rule.
 */
export function createReference(program: Program, options: ReferenceOptions = {}): Reference {
  checkOptions(options, { ...checkOptionTypes, trace: aFunction });
  checkBuiltProgram(program, options.maxBytes ?? defaultMaxBytes);
  return prepareReference(program, options.trace);
}

/** Like `createReference`, for a program that `checkProgram` has accepted. */
export function prepareReference(program: Program, trace?: Trace): Reference {
  const arena = planArena(program);
  const bytes = new Uint8Array(arena.size);
  const memory: Memory = {
    program,
    logits: new Float32Array(program.classes),
    scratch: new Scratch(),
    codes(id: TensorId) {
      const offset = arena.offsets[id]!;
      return bytes.subarray(offset, offset + elementCount(program.tensors[id]!.shape));
    },
  };
  const steps = program.operators.map((op) => definitionOf(op).prepare(op, memory));
  const input = memory.codes(program.input);

  const runAll = (data: Uint8Array, count: number, load: (image: Uint8Array) => void): Float32Array => {
    checkArgument("count", count, positiveInteger);
    if (data.length !== count * input.length)
      throw new InputError(
        "input-length",
        { found: data.length, expected: count * input.length },
        `${count} images of shape [${program.tensors[program.input]!.shape}] are ${count * input.length} bytes, got ${data.length}; resize them first`,
      );
    const logits = new Float32Array(count * program.classes);
    for (let n = 0; n < count; n++) {
      load(data.subarray(n * input.length, (n + 1) * input.length));
      for (const [i, step] of steps.entries()) {
        step();
        if (trace !== undefined) report(program.operators[i]!, i, memory, trace, n);
      }
      logits.set(memory.logits, n * program.classes);
    }
    return logits;
  };

  return {
    program,
    run: (images, count = 1) => {
      checkArgument("images", images, byteArray);
      return runAll(images, count, (image) => applyInputTables(program, image, input));
    },
    runCodes: (codes, count = 1) => {
      checkArgument("codes", codes, byteArray);
      const highest = 2 ** program.tensors[program.input]!.bits - 1;
      if (codes.some((code) => code > highest))
        throw new InputError(
          "input-value",
          { found: codes.find((code) => code > highest)!, expected: `at most ${highest}` },
          `input codes must be at most ${highest}`,
        );
      return runAll(codes, count, (image) => input.set(image));
    },
  };
}

function report(op: Operator, index: number, memory: Memory, trace: Trace, image: number): void {
  const output = outputOf(op);
  trace(op, index, output === undefined ? memory.logits.slice() : memory.codes(output).slice(), image);
}

/** Converts bytes `[H, W, C]` to codes `[C, H, W]` by the stored table of each channel (rule 8). */
function applyInputTables({ inputTables }: Program, image: Uint8Array, codes: Uint8Array): void {
  const channels = inputTables.length;
  const pixels = codes.length / channels;
  for (const [c, table] of inputTables.entries())
    for (let p = 0; p < pixels; p++) codes[c * pixels + p] = table[image[p * channels + c]!]!;
}

/**
 * Codes of a float tensor as input, `clamp(rne(fround(x / s)) + z)` (rule 8); layout `[count, C, H, W]` as `runCodes` takes it.
 * @throws {InputError} if a value is NaN.
 */
export function quantizeInput({ tensors, input }: Program, values: Float32Array): Uint8Array {
  const { bits, scale, zeroPoint } = tensors[input]!;
  const highest = 2 ** bits - 1;
  return Uint8Array.from(values, (value, i) => {
    if (Number.isNaN(value))
      throw new InputError("input-value", { found: "NaN", expected: "numbers" }, `element ${i} of the input is NaN`);
    return toCode(Math.fround(value / scale), zeroPoint, 0, highest);
  });
}
