/** @file Reads many hostile files, and runs those that are accepted: only FormatError may be thrown. */

import { FormatError } from "../src/errors.js";
import { readSbq } from "../src/format/reader.js";
import { writeSbq } from "../src/format/writer.js";
import { multiplyAdds } from "../src/operators/index.js";
import type { Program } from "../src/program/program.js";
import { createReference } from "../src/reference/reference.js";
import { dissect, mutate } from "./mutations.js";
import { everyOperator, tinyNetwork } from "./networks.js";
import { Random } from "./programs.js";

/** Small enough that a file that asks for much memory is refused, large enough for every valid one. */
export const maxBytes = 2 ** 22;

const honest = [
  dissect(writeSbq(tinyNetwork())),
  ...[2, 4, 8].map((bits) => dissect(writeSbq(everyOperator(new Random(bits), { bits })))),
  dissect(writeSbq(everyOperator(new Random(7), { bits: 7, linearLogits: false }))),
];

/** A hostile file; the same for the same seed. */
export function hostileFile(seed: number): Uint8Array {
  const random = new Random(seed);
  return mutate(random.pick(honest), random);
}

/** Whether a run of an accepted program takes milliseconds. */
export const isQuick = (program: Program): boolean => multiplyAdds(program) < 1e7;

/** The answer of the reference to random bytes. Also checks that an accepted program can be written. */
export function referenceLogits(program: Program, seed: number): { input: Uint8Array; logits: Float32Array } {
  writeSbq(program);
  const { channels, height, width } = program.preprocessing;
  const input = new Random(seed).bytes(channels * height * width);
  const logits = createReference(program, { maxBytes }).run(input);
  if (!logits.every(Number.isFinite)) throw new Error("logits are not finite");
  return { input, logits };
}

export interface FuzzResult {
  readonly refused: number;
  readonly accepted: number;
  /** The number of refusals by the first part of the field that they named. */
  readonly fields: ReadonlyMap<string, number>;
  /** Most processor time that one file took to read, in ms. (Processor time does not depend on how busy the machine is.) */
  readonly slowestMs: number;
}

/** @throws the first error that is not a FormatError, with the seed that causes it */
export function fuzz(firstSeed: number, count: number): FuzzResult {
  const fields = new Map<string, number>();
  let refused = 0;
  let slowestMs = 0;
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const bytes = hostileFile(seed);
    const start = cpuMilliseconds();
    try {
      const program = readSbq(bytes, { maxBytes });
      slowestMs = Math.max(slowestMs, cpuMilliseconds() - start);
      // The work of a run is bounded to keep the test quick.
      if (isQuick(program) && seed % 8 === 0) referenceLogits(program, seed);
    } catch (error) {
      slowestMs = Math.max(slowestMs, cpuMilliseconds() - start);
      if (!(error instanceof FormatError)) throw new Error(`seed ${seed}: ${error}`, { cause: error });
      const field = error.field.replace(/[.[].*/, "");
      fields.set(field, (fields.get(field) ?? 0) + 1);
      refused++;
    }
  }
  return { refused, accepted: count - refused, fields, slowestMs };
}

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
