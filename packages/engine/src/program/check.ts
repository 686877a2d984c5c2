/**
 * @file Proves that a program can be run: every shape, bit width, scale, code and accumulator bound is valid, and each tensor
 * is produced exactly once before it is read. The reader calls it for every file and the writer for every program. The engine
 * relies on it: no kernel tests a bound again.
 */

import { byteLimit, checkOptions, type Expectation } from "../arguments.js";
import { invalid, tooLarge } from "../errors.js";
import { CheckContext, checkScale, elementCount } from "../operators/definition.js";
import { definitionOf, inputsOf, operations, outputOf } from "../operators/index.js";
import { parameterBytes } from "../operators/parameters.js";
import { planArena } from "./arena.js";
import { checkPreprocessing, checkProvenance } from "./check-metadata.js";
import { checkTypes } from "./check-types.js";
import type { Program, QuantizedTensor } from "./program.js";

/** Limits within which a program is accepted. */
export interface CheckOptions {
  /** Most bytes that loading and running the program may take, for weights and working memory together. Default 1 GiB. */
  readonly maxBytes?: number;
}

export const checkOptionTypes: { readonly [K in keyof Required<CheckOptions>]: Expectation } = { maxBytes: byteLimit };

export const defaultMaxBytes = 2 ** 30;

/** Limits that no real network reaches; they keep every product of sizes an exact integer and every table small. */
const maxTensors = 2 ** 13;
const maxOperators = 2 ** 13;
const maxClasses = 2 ** 20;
const maxChannels = 2 ** 24;
const maxMapSize = 2 ** 16;
/**
 * Most multiply-adds and pooled elements per image: a hundred times ResNet-152, so that a small file cannot ask for days of
 * work.
 */
const maxOperations = 2 ** 40;
const maxNameLength = 1024;

/** @throws {FormatError} that names the field, e.g. `operators[3].weights.shape: must be [16, 3, 3, 3], is [16, 3, 5, 3]`. */
export function checkProgram(program: Program, options: CheckOptions = {}): void {
  checkOptions(options, checkOptionTypes);
  checkBuiltProgram(program, options.maxBytes ?? defaultMaxBytes);
}

/** Checks a program that was built in JavaScript; the limit may be any number, even infinity. */
export function checkBuiltProgram(program: Program, maxBytes: number): void {
  checkTypes(program);
  checkMeaning(program, maxBytes, false);
}

/**
 * Checks a program that was read from a file: all values have the right types already, and weight codes are known to be as
 * many as the shape says and within their bit width.
 */
export const checkReadProgram = (program: Program, maxBytes: number): void => checkMeaning(program, maxBytes, true);

function checkMeaning(program: Program, maxBytes: number, codesFit: boolean): void {
  checkName("name", program.name);
  checkCount("tensors", program.tensors.length, maxTensors);
  checkCount("operators", program.operators.length, maxOperators);
  checkCount("classes", program.classes, maxClasses);
  for (const [id, tensor] of program.tensors.entries()) checkTensor(`tensors[${id}]`, tensor, maxBytes);
  checkOrder(program);
  checkInput(program);
  checkPreprocessing(program);
  checkProvenance(program);
  for (const [i, op] of program.operators.entries())
    definitionOf(op).check(op, new CheckContext(program, `operators[${i}]`, codesFit));
  const work = program.operators.reduce((sum, op) => sum + operations(program, op), 0);
  if (work > maxOperations)
    throw tooLarge(
      "program",
      work,
      maxOperations,
      `needs ${work} operations per image, more than the limit of ${maxOperations}`,
    );
  if (memoryOf(program, bytesOfAll(program)).total <= maxBytes) return;
  const { total } = memoryOf(program);
  if (total > maxBytes)
    throw tooLarge(
      "program",
      total,
      maxBytes,
      `needs ${total} bytes of memory, more than the limit of ${maxBytes}; raise maxBytes`,
    );
}

/** Bytes that the reference takes to run a program. */
export interface MemoryRequirement {
  /** Bytes of unpacked weights, scales, biases and tables, and of what operators derive from them. */
  readonly parameters: number;
  /** Bytes of the codes of all tensors that are needed at once. */
  readonly arena: number;
  /** Bytes of the largest scratch memory of an operator. */
  readonly scratch: number;
  readonly total: number;
}

/** Bytes of the codes of all tensors, as if all were needed at once. */
const bytesOfAll = ({ tensors }: Program): number => tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);

/**
 * Most bytes that the reference needs for a program, computed before any of them is allocated.
 * @param arena  bytes of the codes of tensors, if a bound is enough: placing them takes longer than all other checks
 */
export function memoryOf(program: Program, arena = planArena(program).size): MemoryRequirement {
  let parameters = 256 * program.inputTables.length;
  let scratch = 0;
  for (const op of program.operators) {
    const { keptBytes, scratchBytes } = definitionOf(op).workingMemory(op, program);
    parameters += parameterBytes(op) + keptBytes;
    scratch = Math.max(scratch, scratchBytes);
  }
  return { parameters, arena, scratch, total: parameters + arena + scratch };
}

function checkCount(field: string, count: number, most: number): void {
  if (!(Number.isInteger(count) && count >= 1 && count <= most))
    throw invalid(field, `must count between 1 and ${most}, is ${count}`);
}

function checkName(field: string, name: string): void {
  if (typeof name !== "string" || name.length > maxNameLength)
    throw invalid(field, `must be a text of at most ${maxNameLength} characters`);
}

function checkTensor(field: string, tensor: QuantizedTensor, maxBytes: number): void {
  const { name, shape, bits, scale, zeroPoint } = tensor;
  checkName(`${field}.name`, name);
  if (shape.length !== 1 && shape.length !== 3)
    throw invalid(`${field}.shape`, `must be [C, H, W] or [C], is [${shape}]`);
  const most = [maxChannels, maxMapSize, maxMapSize];
  if (shape.some((size, axis) => !(Number.isInteger(size) && size >= 1 && size <= most[axis]!)))
    throw invalid(`${field}.shape`, `must be positive integers within [${most}], is [${shape}]`);
  if (elementCount(shape) > maxBytes)
    throw tooLarge(
      `${field}.shape`,
      elementCount(shape),
      maxBytes,
      `[${shape}] needs more than the limit of ${maxBytes} bytes; raise maxBytes`,
    );
  if (!(Number.isInteger(bits) && bits >= 2 && bits <= 8))
    throw invalid(`${field}.bits`, `must be an integer in [2, 8], is ${bits}`);
  checkScale(`${field}.scale`, scale);
  const highest = 2 ** bits - 1;
  if (!(Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint <= highest))
    throw invalid(`${field}.zeroPoint`, `must be an integer in [0, ${highest}], is ${zeroPoint}`);
}

/**
 * The checks for functions that read a program without running it: every field has its type, and every tensor that is referred
 * to exists.
 * @throws {FormatError} that names the field
 */
export function checkReferences(program: Program): void {
  checkTypes(program);
  checkOrder(program);
}

/**
 * Checks that every tensor is produced once, by the input or one operator, before it is read, and that only the last operator
 * yields logits.
 */
function checkOrder(program: Program): void {
  const { tensors, operators: list } = program;
  const produced = new Uint8Array(tensors.length);
  const valid = (id: number) => Number.isInteger(id) && id >= 0 && id < tensors.length;
  if (!valid(program.input)) throw invalid("input", `must be the index of a tensor, is ${program.input}`);
  produced[program.input] = 1;
  for (const [i, op] of list.entries()) {
    const field = `operators[${i}]`;
    checkName(`${field}.name`, op.name);
    for (const id of inputsOf(op)) {
      if (!valid(id)) throw invalid(field, `reads tensor ${id}; there are ${tensors.length}`);
      if (!produced[id]) throw invalid(field, `reads tensor ${id}, "${tensors[id]!.name}", before it is produced`);
    }
    const output = outputOf(op);
    const isLast = i === list.length - 1;
    if ((output === undefined) !== isLast)
      throw invalid(field, isLast ? "is the last operator and must yield the logits" : "yields logits before the end");
    if (output === undefined) continue;
    if (!valid(output)) throw invalid(`${field}.output`, `must be the index of a tensor, is ${output}`);
    if (produced[output]) throw invalid(`${field}.output`, `tensor ${output} is already produced`);
    produced[output] = 1;
  }
  const missing = produced.indexOf(0);
  if (missing !== -1) throw invalid(`tensors[${missing}]`, `"${tensors[missing]!.name}" is never produced`);
}

function checkInput({ tensors, input, inputTables }: Program): void {
  const { shape, bits } = tensors[input]!;
  if (shape.length !== 3 || inputTables.length !== shape[0])
    throw invalid("inputTables", `must have one table per channel of the input [${shape}], has ${inputTables.length}`);
  const highest = 2 ** bits - 1;
  for (const [c, table] of inputTables.entries()) {
    if (table.length !== 256) throw invalid(`inputTables[${c}]`, `must have 256 entries, has ${table.length}`);
    const bad = table.findIndex((code) => code > highest);
    if (bad !== -1) throw invalid(`inputTables[${c}][${bad}]`, `must be at most ${highest}, is ${table[bad]}`);
  }
}
