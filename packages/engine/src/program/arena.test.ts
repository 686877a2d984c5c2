import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { everyOperator } from "../../test/networks.js";
import { program, Random, tensor } from "../../test/programs.js";
import { elementCount } from "../operators/definition.js";
import { inputsOf, outputOf } from "../operators/index.js";
import { planArena } from "./arena.js";
import type { Operator, Program } from "./program.js";

/** Walks through the program and marks whose bytes are whose; a tensor that is read must still own all of its bytes. */
function expectSound(p: Program): void {
  const { offsets, size } = planArena(p);
  const owner = new Int32Array(size).fill(-1);
  const bytesOf = (id: number) => owner.subarray(offsets[id]!, offsets[id]! + elementCount(p.tensors[id]!.shape));
  bytesOf(p.input).fill(p.input);
  for (const op of p.operators) {
    const output = outputOf(op);
    // Written while the inputs are read, so they must survive it.
    if (output !== undefined) bytesOf(output).fill(output);
    for (const id of inputsOf(op)) expect(bytesOf(id).every((tensorId) => tensorId === id)).toBe(true);
  }
  for (const [id, offset] of offsets.entries()) {
    expect(offset % 16).toBe(0);
    expect(bytesOf(id).length).toBe(elementCount(p.tensors[id]!.shape));
  }
}

describe("planArena", () => {
  test("keeps what is still to be read, in the network of every operator", () => {
    const p = everyOperator(new Random(1), { bits: 4 });
    expectSound(p);
    const sum = p.tensors.reduce((total, { shape }) => total + elementCount(shape), 0);
    expect(planArena(p).size).toBeLessThan(0.7 * sum);
  });

  test("keeps what is still to be read, in random graphs of additions", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 30 }), (seed, length) => {
        const random = new Random(seed);
        const tensors = Array.from({ length: length + 1 }, (_, i) => tensor(`t${i}`, [1, 1, random.integer(1, 100)]));
        const operators = Array.from({ length }, (_, i): Operator => {
          const inputs = [random.integer(0, i), random.integer(0, i)] as const;
          return { op: "add", name: `add${i}`, inputs, output: i + 1, lo: 0, hi: 255 };
        });
        expectSound(program(tensors, operators));
      }),
    );
  });

  test("a chain needs two tensors at a time", () => {
    const tensors = Array.from({ length: 9 }, (_, i) => tensor(`t${i}`, [1, 16, 16]));
    const operators = tensors.slice(1).map((_, i): Operator => ({ op: "reshape", name: "r", input: i, output: i + 1 }));
    expect(planArena(program(tensors, operators)).size).toBe(512);
  });
});
