/**
 * @file From the engine's program back to a graph with FakeQuant nodes: export, simulation and further training of a `.sbq` file
 * begin here. Lowering the result gives the same program again.
 */

import type { Operator, OutputRange, Program, QuantizedTensor, QuantizedWeights, TensorId } from "@subbyte/engine";
import { float32, type Graph, GraphBuilder, type Tensor } from "@subbyte/graph";
import { biasValues } from "../quantization/biases.js";
import { ceilMode } from "./attributes.js";
import { onnxMove } from "./onnx-move.js";

/** `[N, C, H, W]` normalized float32 in, logits out. */
export function lift(program: Program): Graph {
  return new Lifting(program).graph();
}

class Lifting {
  readonly #b: GraphBuilder;
  /** Graph value of each stored tensor. */
  readonly #value = new Map<TensorId, string>();

  constructor(readonly program: Program) {
    this.#b = new GraphBuilder(program.name);
  }

  graph(): Graph {
    const { program } = this;
    const image = this.#b.input("input", "float32", ["N", ...program.tensors[program.input]!.shape]);
    this.#store(image, program.input);
    for (const operator of program.operators) this.#lift(operator);
    return this.#b.build();
  }

  #lift(operator: Operator): void {
    const b = this.#b;
    const { name } = operator;
    switch (operator.op) {
      case "conv": {
        const { strides, pads, dilations, groups, weights } = operator;
        const attributes = { strides, pads, dilations, group: groups, kernel_shape: weights.shape.slice(2) };
        const inputs = this.#layerInputs(name, operator.input, weights, operator.bias);
        let value = b.op("Conv", inputs, attributes, { name });
        if (operator.residual)
          value = b.op("Add", [value, this.#read(operator.residual.tensor)], {}, { name: `${name}/add` });
        return this.#store(this.#clamp(value, operator.output, operator), operator.output);
      }
      case "linear": {
        const inputs = this.#layerInputs(name, operator.input, operator.weights, operator.bias);
        const value = b.op("Gemm", inputs, { transB: 1 }, { name });
        if (operator.output === undefined) return b.output(value);
        const range = { lo: operator.lo!, hi: operator.hi! };
        return this.#store(this.#clamp(value, operator.output, range), operator.output);
      }
      case "rescale":
        return this.#store(this.#clamp(this.#read(operator.input), operator.output, operator), operator.output);
      case "add": {
        const [left, right] = operator.inputs;
        const value = b.op("Add", [this.#read(left), this.#read(right)], {}, { name });
        return this.#store(this.#clamp(value, operator.output, operator), operator.output);
      }
      case "table":
        return this.#store(this.#lookUp(name, operator.input, operator.output, operator.table), operator.output);
      case "averagePool": {
        const { kernel, strides, pads, countIncludePad } = operator;
        const { shape } = this.#tensor(operator.input);
        const { shape: outShape } = this.#tensor(operator.output);
        const [, height, width] = shape;
        const global = kernel[0] === height && kernel[1] === width && pads.every((pad) => pad === 0);
        const window = { kernel_shape: kernel, strides, pads, count_include_pad: countIncludePad ? 1 : 0 };
        const read = [this.#read(operator.input)];
        let value = global
          ? b.op("GlobalAveragePool", read, {}, { name })
          : b.op("AveragePool", read, { ...window, ceil_mode: ceilMode(operator, shape, outShape) }, { name });
        if (outShape.length === 1) value = b.op("Flatten", [value], { axis: 1 });
        return this.#store(this.#clamp(value, operator.output, operator), operator.output);
      }
      case "concat": {
        const value = b.op(
          "Concat",
          operator.inputs.map((input) => this.#read(input)),
          { axis: 1 },
          { name },
        );
        return this.#store(value, operator.output);
      }
      case "maxPool":
      case "slice":
      case "transpose": {
        const { op, constants, attributes } = onnxMove(b, operator, this.program.tensors);
        return this.#move(op, operator, constants, attributes);
      }
      case "pad":
        return this.#move("Pad", operator, [b.ints([0, ...operator.before, 0, ...operator.after])]);
      case "reshape": {
        const { shape } = this.#tensor(operator.output);
        if (shape.length === 1) return this.#move("Flatten", operator, [], { axis: 1 });
        return this.#move("Reshape", operator, [b.ints([0, ...shape])]);
      }
      case "dequantize":
        return b.output(this.#read(operator.input));
      default:
        return operator satisfies never;
    }
  }

  #tensor(id: TensorId): QuantizedTensor {
    return this.program.tensors[id]!;
  }

  #read(id: TensorId): string {
    return this.#value.get(id)!;
  }

  #store(value: string, id: TensorId): void {
    const { name, bits, scale, zeroPoint } = this.#tensor(id);
    this.#value.set(
      id,
      this.#fakeQuant(name, value, float32([scale], []), float32([zeroPoint], []), { bits, signed: 0, narrow: 0 }),
    );
  }

  #move(
    op: string,
    operator: { readonly name: string; readonly input: TensorId; readonly output: TensorId },
    constants: readonly string[],
    attributes = {},
  ): void {
    const { name } = this.#tensor(operator.output);
    const options = { name: operator.name, outputs: [name] };
    this.#value.set(operator.output, this.#b.op(op, [this.#read(operator.input), ...constants], attributes, options));
  }

  #layerInputs(name: string, input: TensorId, weights: QuantizedWeights, bias: Int32Array): string[] {
    const { scales, codes, shape, bits } = weights;
    const size = codes.length / scales.length;
    const real = Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / size)]!);
    const inputScale = this.#tensor(input).scale;
    const weight = this.#b.constant(float32(real, shape), `${name}.weight`);
    const quantized = this.#fakeQuant(
      `${weight}/q${bits}`,
      weight,
      float32(scales),
      float32(new Float32Array(scales.length)),
      {
        bits,
        signed: 1,
        narrow: codes.includes(-(2 ** (bits - 1))) ? 0 : 1,
        axis: 0,
      },
    );
    const realBias = biasValues(bias, inputScale, scales);
    return [this.#read(input), quantized, this.#b.constant(float32(realBias), `${name}.bias`)];
  }

  #fakeQuant(
    name: string,
    value: string,
    scale: Tensor,
    zeroPoint: Tensor,
    attributes: Record<string, number>,
  ): string {
    const b = this.#b;
    const inputs = [value, b.constant(scale, `${name}.scale`), b.constant(zeroPoint, `${name}.zero_point`)];
    return b.op("FakeQuant", inputs, { learnable: 1, ...attributes }, { name, domain: "subbyte" });
  }

  /** Code bounds as ReLU or Clip; nothing where they are the whole range. */
  #clamp(value: string, id: TensorId, { lo, hi }: OutputRange): string {
    const { bits, scale, zeroPoint } = this.#tensor(id);
    const top = 2 ** bits - 1;
    if (lo === 0 && hi === top) return value;
    if (lo === zeroPoint && hi === top) return this.#b.op("Relu", [value]);
    const bound = (code: number) => this.#b.scalar(scale * (code - zeroPoint));
    return this.#b.op("Clip", [value, bound(lo), bound(hi)]);
  }

  /** A table of codes as a Gather of real values by the input's code. */
  #lookUp(name: string, input: TensorId, output: TensorId, table: Uint8Array): string {
    const b = this.#b;
    const from = this.#tensor(input);
    const to = this.#tensor(output);
    const steps = b.op("Round", [b.op("Div", [this.#read(input), b.scalar(from.scale)])]);
    const code = b.op("Cast", [b.op("Add", [steps, b.scalar(from.zeroPoint)])], { to: 7 /* INT64 */ });
    const real = b.constant(float32(Float32Array.from(table, (q) => to.scale * (q - to.zeroPoint))));
    return b.op("Gather", [real, code], { axis: 0 }, { name });
  }
}
