/**
 * @file The state while a simulation is built: the graph built so far, and the graph's codes for every tensor of the
 * program.
 */

import type { OutputRange, Program, QuantizedTensor, TensorId } from "@subbyte/engine";
import { type Graph, GraphBuilder } from "@subbyte/graph";
import { lookUp } from "./look-up.js";

/** All names in a program. */
export const programNames = ({ tensors, operators }: Program): readonly string[] =>
  [...tensors, ...operators].map(({ name }) => name);

export class Simulation {
  /** Names of layers for which equality with the engine is not proved. */
  readonly unproved: string[] = [];
  readonly b: GraphBuilder;
  readonly #codes = new Map<TensorId, string>();

  constructor(readonly program: Program) {
    const b = new GraphBuilder(`${program.name}-codes`);
    this.b = b;
    b.reserve(programNames(program));
    const input = program.tensors[program.input]!;
    const pixels = b.input("pixels", "int64", ["N", ...input.shape]);
    const codes = lookUp(b, program.inputTables, pixels, [1, program.inputTables.length, 1, 1]);
    this.#codes.set(program.input, codes);
  }

  build(): Graph {
    return this.b.build();
  }

  tensor(id: TensorId): QuantizedTensor {
    return this.program.tensors[id]!;
  }

  codes(id: TensorId): string {
    return this.#codes.get(id)!;
  }

  set(id: TensorId, codes: string): void {
    this.#codes.set(id, codes);
  }

  /** q − z: exact small integers. */
  centred(id: TensorId): string {
    const { zeroPoint } = this.tensor(id);
    const codes = this.codes(id);
    return zeroPoint === 0 ? codes : this.b.op("Sub", [codes, this.b.scalar(zeroPoint)]);
  }

  /** fround((q − z)·fround(s / s_out)). */
  scaled(id: TensorId, output: TensorId): string {
    const multiplier = Math.fround(this.tensor(id).scale / this.tensor(output).scale);
    return this.b.op("Mul", [this.centred(id), this.b.scalar(multiplier)]);
  }

  /** Stores clamp(rne(v) + z, lo, hi) of a value v in steps of the output. */
  requantize(value: string, output: TensorId, { lo, hi }: OutputRange): void {
    const { b } = this;
    const { zeroPoint } = this.tensor(output);
    const rounded = b.op("Round", [value]);
    const shifted = zeroPoint === 0 ? rounded : b.op("Add", [rounded, b.scalar(zeroPoint)]);
    this.#codes.set(output, b.op("Clip", [shifted, b.scalar(lo), b.scalar(hi)]));
  }

  /** Adds an operator that moves codes. */
  move(
    op: string,
    operator: { readonly input: TensorId; readonly output: TensorId },
    constants: readonly string[],
    attributes = {},
  ): void {
    this.#codes.set(operator.output, this.b.op(op, [this.codes(operator.input), ...constants], attributes));
  }
}
