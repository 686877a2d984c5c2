import { describe, expect, test } from "vitest";
import { convProgram } from "../../test/convolutions.js";
import { Random } from "../../test/programs.js";
import { compile } from "../kernels/executable.js";
import type { Program } from "../program/program.js";
import { createReference } from "../reference/reference.js";
import { readSbq } from "./reader.js";
import { writeSbq } from "./writer.js";

const layer = (weightBits: number, channels: number, outputs: number): Program =>
  convProgram(
    { label: "", input: [channels, 3, 3], outputs },
    { weightBits, activationBits: 4, fill: "random", zeroPoint: 0, withResidual: false },
  );
const image = new Random(5).bytes(27);
const codesOf = (program: Program, name: string): Int8Array => {
  const op = program.operators.find((candidate) => candidate.name === name)!;
  if (!("weights" in op)) throw new Error(`${name} has no weights`);
  return op.weights.codes;
};

describe.each([2, 3, 4, 5, 6, 7, 8])("%i bits", (bits) => {
  test.each([
    [1, 1],
    [1, 9],
    [3, 5],
    [16, 3],
    [33, 17],
    [64, 64],
  ])("rows of %i codes, %i of them, are unpacked in place by the kernels", async (channels, outputs) => {
    const program = layer(bits, channels, outputs);
    const executable = await compile(readSbq(writeSbq(program)), { warmUp: false });
    expect(executable.run(image)).toEqual(createReference(program).run(image));
    expect(codesOf(readSbq(writeSbq(program)), "tested")).toEqual(codesOf(program, "tested"));
  });
});

test("codes that somebody has taken count, changed or not", async () => {
  const program = readSbq(writeSbq(layer(4, 16, 8)));
  const before = (await compile(program, { warmUp: false })).run(image);
  codesOf(program, "tested").fill(3);
  const after = (await compile(program, { warmUp: false })).run(image);
  expect(after).not.toEqual(before);
  expect(after).toEqual(createReference(program).run(image));
});
