/** @file Reads many hostile files and, where one is accepted all the same, runs it: nothing but FormatError may come out. */

import { FormatError } from "../src/errors.js";
import { readSbq } from "../src/format/reader.js";
import { writeSbq } from "../src/format/writer.js";
import { multiplyAdds } from "../src/operators/index.js";
import { createReference } from "../src/reference/reference.js";
import { dissect, mutate } from "./mutations.js";
import { everyOperator, tinyNetwork } from "./networks.js";
import { Random } from "./programs.js";

/** Small enough that a file asking for much memory is refused, large enough for every honest one. */
const maxBytes = 2 ** 22;

export interface FuzzResult {
  readonly refused: number;
  readonly accepted: number;
  /** The first part of each field that was named, with the number of refusals. */
  readonly fields: ReadonlyMap<string, number>;
  /** Longest time that one file took to read, in ms. */
  readonly slowestMs: number;
}

/** @throws The first error that is no FormatError, with the seed that gives it. */
export function fuzz(firstSeed: number, count: number): FuzzResult {
  const honest = [
    dissect(writeSbq(tinyNetwork())),
    ...[2, 4, 8].map((bits) => dissect(writeSbq(everyOperator(new Random(bits), { bits })))),
    dissect(writeSbq(everyOperator(new Random(7), { bits: 7, linearLogits: false }))),
  ];
  const fields = new Map<string, number>();
  let refused = 0;
  let slowestMs = 0;
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const random = new Random(seed);
    const bytes = mutate(random.pick(honest), random);
    const start = performance.now();
    try {
      const program = readSbq(bytes, { maxBytes });
      slowestMs = Math.max(slowestMs, performance.now() - start);
      // What is accepted is written and run like any other; the work of a run is bounded to keep the test quick.
      if (multiplyAdds(program) < 1e7 && seed % 8 === 0) {
        writeSbq(program);
        const logits = createReference(program, { maxBytes }).run(random.bytes(inputSize(program.preprocessing)));
        if (!logits.every(Number.isFinite)) throw new Error("logits are not finite");
      }
    } catch (error) {
      slowestMs = Math.max(slowestMs, performance.now() - start);
      if (!(error instanceof FormatError)) throw new Error(`seed ${seed}: ${error}`, { cause: error });
      const field = error.field.replace(/[.[].*/, "");
      fields.set(field, (fields.get(field) ?? 0) + 1);
      refused++;
    }
  }
  return { refused, accepted: count - refused, fields, slowestMs };
}

const inputSize = ({ channels, height, width }: { channels: number; height: number; width: number }) =>
  channels * height * width;
