import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { everyOperator } from "../../test/networks.js";
import { Random } from "../../test/programs.js";
import { randomProgram } from "../../test/random-program.js";
import type { Program } from "../program/program.js";
import { operators } from "./index.js";

const page = (name: string) => readFileSync(join(import.meta.dirname, "../../../../docs", name), "utf8");

/** Operators that `documented` leaves out. */
const without = (documented: (op: string) => boolean): string[] =>
  Object.keys(operators).filter((op) => !documented(op));

const used = (programs: readonly Program[]) =>
  new Set(programs.flatMap((program) => program.operators.map(({ op }) => op as string)));

test("docs/sbq-format.md has a row for every operator, with its fields in their order", () => {
  const rows = new Map(
    Array.from(page("sbq-format.md").matchAll(/^\| `(\w+)` +\| ([^|]+)\|/gm), ([, op, fields]) => [op!, fields!]),
  );
  expect(without((op) => rows.has(op))).toEqual([]);
  for (const [op, { fields }] of Object.entries(operators))
    expect(Array.from(rows.get(op)!.matchAll(/`(\w+)`/g), ([, field]) => field)).toEqual(Object.keys(fields));
});

test("docs/arithmetic.md says which rules every operator follows", () => {
  const table = new Set(Array.from(page("arithmetic.md").matchAll(/^\| `(\w+)` +\| \d/gm), ([, op]) => op!));
  expect(without((op) => table.has(op))).toEqual([]);
});

test("kernels, files and threads are tested with every operator", () => {
  const sample = used([true, false].map((linearLogits) => everyOperator(new Random(1), { bits: 4, linearLogits })));
  expect(without((op) => sample.has(op))).toEqual([]);
  const random = used(Array.from({ length: 60 }, (_, i) => randomProgram(i + 1, 1 + (i % 14))));
  expect(without((op) => random.has(op))).toEqual([]);
});
