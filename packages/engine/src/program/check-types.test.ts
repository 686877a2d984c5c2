import { describe, expect, test } from "vitest";
import { everyOperator } from "../../test/networks.js";
import { Random } from "../../test/programs.js";
import * as engine from "../index.js";
import type { Program } from "./program.js";

const program = (): Program => everyOperator(new Random(3), { bits: 4 });

/** Values of wrong types that a caller in plain JavaScript may pass. */
const strangers: readonly unknown[] = [undefined, null, "x", -1, {}, [], () => 1, 7n, new Float64Array(4)];

/** Every place of a program, by its path; typed arrays, and what a file may hold beside the network, are leaves. */
function places(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  const isLeaf = typeof value !== "object" || value === null || ArrayBuffer.isView(value) || path[0] === "provenance";
  const below = isLeaf ? [] : Object.entries(value).flatMap(([key, each]) => places(each, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

function replaced(value: unknown, [key, ...path]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = replaced(copy[key], path, by);
  return copy;
}

/** The answer of each function to a program; errors of the engine are kept apart from others. */
const asked: Readonly<Record<string, (program: Program) => unknown>> = {
  checkProgram: engine.checkProgram,
  memoryRequirement: engine.memoryRequirement,
  multiplyAdds: engine.multiplyAdds,
  operatorMultiplyAdds: (given) => engine.operatorMultiplyAdds(given, given.operators[0]!),
  quantizeInput: (given) => engine.quantizeInput(given, new Float32Array(192)),
};

describe("any place of a program may hold anything", () => {
  test.each(places(program()).map((path) => [path.join(".")]))("%s", (path) => {
    for (const stranger of strangers) {
      const hostile = replaced(program(), path.split("."), stranger) as Program;
      for (const [name, ask] of Object.entries(asked))
        try {
          ask(hostile);
        } catch (error) {
          const isOurs = error instanceof engine.FormatError || error instanceof engine.InputError;
          // The harness itself reads `operators[0]`.
          const isAsked = name === "operatorMultiplyAdds" && path === "operators";
          expect(isOurs || isAsked, `${name} with ${String(typeof stranger)} at ${path}: ${error}`).toBe(true);
        }
    }
  });
});

test("the message names the place, what it must be and what is there", () => {
  const named = (path: string, by: unknown) => () =>
    engine.checkProgram(replaced(program(), path.split("."), by) as Program);
  expect(named("tensors.0.shape", 3)).toThrow("tensors[0].shape: must be a list, is 3");
  expect(named("operators.0.weights.scales", [1])).toThrow(
    "operators[0].weights.scales: must be a Float32Array, is Array of 1 elements",
  );
  expect(named("operators.0.op", "swish")).toThrow('operators[0].op: is no operator of the engine: "swish"');
});

test("what is asked of a program is what the engine counts", () => {
  const given = program();
  expect(engine.multiplyAdds(given)).toBe(
    given.operators.reduce((sum, op) => sum + engine.operatorMultiplyAdds(given, op), 0),
  );
  expect(engine.memoryRequirement(given).total).toBeGreaterThan(0);
  expect(engine.quantizeInput(given, new Float32Array(384))).toHaveLength(384);
  expect(() => engine.quantizeInput(given, new Float32Array(100))).toThrow(/whole images of 192 elements/);
  expect(() => engine.operatorMultiplyAdds(given, { ...given.operators[0]! })).toThrow(
    /one of the program's operators/,
  );
  expect(engine.roundHalfToEven(2.5)).toBe(2);
  expect(() => engine.roundHalfToEven(2n as never)).toThrow(/must be a number, is 2/);
});
