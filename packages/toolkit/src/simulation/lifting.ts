/**
 * @file The state while a program is lifted: the graph built so far, and the graph's value for every tensor of the
 * program. A program may give one name to several operators and tensors, a graph may not: the others get a number.
 */

import type { Operator, OutputRange, Program, QuantizedTensor, QuantizedWeights, TensorId } from "@subbyte/engine";
import { type Attributes, float32, type Graph, GraphBuilder, type Tensor } from "@subbyte/graph";
import { biasValues } from "../quantization/biases.js";
import { programNames } from "./simulation.js";

export class Lifting {
  readonly b: GraphBuilder;
  /** Graph value of each stored tensor. */
  readonly #values = new Map<TensorId, string>();
  readonly #operatorNames: ReadonlySet<string>;
  /** The name of the operator that computes a tensor. */
  readonly #producers: ReadonlyMap<TensorId | undefined, string>;

  constructor(readonly program: Program) {
    this.#operatorNames = new Set(program.operators.map(({ name }) => name));
    this.#producers = new Map(
      program.operators.map((operator) => ["output" in operator ? operator.output : undefined, operator.name]),
    );
    this.b = new GraphBuilder(program.name);
    this.b.reserve(programNames(program));
    const image = this.b.input("input", "float32", ["N", ...program.tensors[program.input]!.shape]);
    this.store(image, program.input);
  }

  build(): Graph {
    return this.b.build();
  }

  /** The operator, with a name that is free in the graph. */
  named<T extends Operator>(operator: T): T {
    return { ...operator, name: this.b.free(operator.name) };
  }

  tensor(id: TensorId): QuantizedTensor {
    return this.program.tensors[id]!;
  }

  read(id: TensorId): string {
    return this.#values.get(id)!;
  }

  /** A tensor's value, clamped to the codes `lo` … `hi` and rounded to its grid by a FakeQuant. */
  store(value: string, id: TensorId, range?: OutputRange): void {
    const { bits, scale, zeroPoint } = this.tensor(id);
    const clamped = range === undefined ? value : this.#clamp(value, id, range);
    const grid = { bits, signed: 0, narrow: 0 };
    this.#values.set(
      id,
      this.#fakeQuant(this.#nameOf(id), clamped, float32([scale], []), float32([zeroPoint], []), grid),
    );
  }

  /** Adds an operator that moves codes; its result needs no FakeQuant. */
  move(
    op: string,
    operator: { readonly name: string; readonly input: TensorId; readonly output: TensorId },
    constants: readonly string[],
    attributes = {},
  ): void {
    const options = { name: operator.name, outputs: [this.b.free(this.#nameOf(operator.output))] };
    this.#values.set(operator.output, this.b.op(op, [this.read(operator.input), ...constants], attributes, options));
  }

  /** The inputs of a layer: data, quantized weights and bias. */
  layerInputs(name: string, input: TensorId, weights: QuantizedWeights, bias: Int32Array): string[] {
    const { scales, codes, shape, bits } = weights;
    const size = codes.length / scales.length;
    const real = Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / size)]!);
    const weight = this.#constant(float32(real, shape), `${name}.weight`);
    const zeros = float32(new Float32Array(scales.length));
    const narrow = codes.includes(-(2 ** (bits - 1))) ? 0 : 1;
    const grid = { bits, signed: 1, narrow, axis: 0 };
    const quantized = this.#fakeQuant(`${weight}/q${bits}`, weight, float32(scales), zeros, grid);
    const realBias = biasValues(bias, this.tensor(input).scale, scales);
    return [this.read(input), quantized, this.#constant(float32(realBias), `${name}.bias`)];
  }

  /** The name that a tensor should have. It is not that of an operator that comes later, because people look for layers by their names. */
  #nameOf(id: TensorId): string {
    const { name } = this.tensor(id);
    const isOthers = this.#operatorNames.has(name) && this.#producers.get(id) !== name;
    return isOthers ? `${name}/out` : name;
  }

  #constant(tensor: Tensor, name: string): string {
    return this.b.constant(tensor, this.b.free(name));
  }

  #fakeQuant(wanted: string, value: string, scale: Tensor, zeroPoint: Tensor, attributes: Attributes): string {
    const name = this.b.free(wanted);
    const inputs = [value, this.#constant(scale, `${name}.scale`), this.#constant(zeroPoint, `${name}.zero_point`)];
    return this.b.op("FakeQuant", inputs, { learnable: 1, ...attributes }, { name, domain: "subbyte" });
  }

  /** Clamps a value to the code bounds by ReLU or Clip; does nothing if they are the whole range. */
  #clamp(value: string, id: TensorId, { lo, hi }: OutputRange): string {
    const { bits, scale, zeroPoint } = this.tensor(id);
    const top = 2 ** bits - 1;
    if (lo === 0 && hi === top) return value;
    if (lo === zeroPoint && hi === top) return this.b.op("Relu", [value]);
    const bound = (code: number) => this.b.scalar(scale * (code - zeroPoint));
    return this.b.op("Clip", [value, bound(lo), bound(hi)]);
  }
}
