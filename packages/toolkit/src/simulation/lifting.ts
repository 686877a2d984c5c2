/**
 * @file The state while a program is lifted: the graph built so far, and the graph's value for every tensor of the
 * program.
 */

import type { OutputRange, Program, QuantizedTensor, QuantizedWeights, TensorId } from "@subbyte/engine";
import { type Attributes, float32, type Graph, GraphBuilder, type Tensor } from "@subbyte/graph";
import { biasValues } from "../quantization/biases.js";
import { programNames } from "./simulation.js";

export class Lifting {
  readonly b: GraphBuilder;
  /** Graph value of each stored tensor. */
  readonly #values = new Map<TensorId, string>();

  constructor(readonly program: Program) {
    this.b = new GraphBuilder(program.name);
    this.b.reserve(programNames(program));
    const image = this.b.input("input", "float32", ["N", ...program.tensors[program.input]!.shape]);
    this.store(image, program.input);
  }

  build(): Graph {
    return this.b.build();
  }

  tensor(id: TensorId): QuantizedTensor {
    return this.program.tensors[id]!;
  }

  read(id: TensorId): string {
    return this.#values.get(id)!;
  }

  /** A tensor's value, clamped to the codes `lo` … `hi` and rounded to its grid by a FakeQuant. */
  store(value: string, id: TensorId, range?: OutputRange): void {
    const { name, bits, scale, zeroPoint } = this.tensor(id);
    const clamped = range === undefined ? value : this.#clamp(value, id, range);
    const grid = { bits, signed: 0, narrow: 0 };
    this.#values.set(id, this.#fakeQuant(name, clamped, float32([scale], []), float32([zeroPoint], []), grid));
  }

  /** Adds an operator that moves codes; its result needs no FakeQuant. */
  move(
    op: string,
    operator: { readonly name: string; readonly input: TensorId; readonly output: TensorId },
    constants: readonly string[],
    attributes = {},
  ): void {
    const { name } = this.tensor(operator.output);
    const options = { name: operator.name, outputs: [name] };
    this.#values.set(operator.output, this.b.op(op, [this.read(operator.input), ...constants], attributes, options));
  }

  /** The inputs of a layer: data, quantized weights and bias. */
  layerInputs(name: string, input: TensorId, weights: QuantizedWeights, bias: Int32Array): string[] {
    const { scales, codes, shape, bits } = weights;
    const size = codes.length / scales.length;
    const real = Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / size)]!);
    const weight = this.b.constant(float32(real, shape), `${name}.weight`);
    const zeros = float32(new Float32Array(scales.length));
    const narrow = codes.includes(-(2 ** (bits - 1))) ? 0 : 1;
    const grid = { bits, signed: 1, narrow, axis: 0 };
    const quantized = this.#fakeQuant(`${weight}/q${bits}`, weight, float32(scales), zeros, grid);
    const realBias = biasValues(bias, this.tensor(input).scale, scales);
    return [this.read(input), quantized, this.b.constant(float32(realBias), `${name}.bias`)];
  }

  #fakeQuant(name: string, value: string, scale: Tensor, zeroPoint: Tensor, attributes: Attributes): string {
    const { b } = this;
    const inputs = [value, b.constant(scale, `${name}.scale`), b.constant(zeroPoint, `${name}.zero_point`)];
    return b.op("FakeQuant", inputs, { learnable: 1, ...attributes }, { name, domain: "subbyte" });
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
