/**
 * @file The exact simulation: the engine's program as ordinary ONNX operators on integer-valued float32.
 *
 * Sums of integer products are exact in float32 while every partial sum stays below 2^24; then Mul, Add, Round and Clip repeat
 * the engine's requantization operation by operation, and the codes are equal bit for bit (docs/arithmetic.md). ONNX Runtime must
 * run the graph as it stands (`optimization: "disabled"`): from `basic` on it folds the multipliers into the weights.
 */

import type { Operator, OutputRange, Program, QuantizedTensor, TensorId } from "@subbyte/engine";
import { float32, type Graph, GraphBuilder } from "@subbyte/graph";
import { padsToLastWindow } from "../lowering/attributes.js";
import { onnxMove } from "../lowering/onnx-move.js";

export interface CodeSimulation {
  /** `"pixels"`: `[N, C, H, W]` bytes as int64 in, `[N, classes]` float32 logits out. */
  readonly graph: Graph;
  /** Layers whose sums may reach 2^24; equality with the engine is not proved for them. */
  readonly unproved: readonly string[];
}

export function simulateCodes(program: Program): CodeSimulation {
  const simulation = new Simulation(program);
  return { graph: simulation.graph(), unproved: simulation.unproved };
}

const EXACT = 2 ** 24;

class Simulation {
  readonly unproved: string[] = [];
  readonly #b: GraphBuilder;
  readonly #codes = new Map<TensorId, string>();

  constructor(readonly program: Program) {
    this.#b = new GraphBuilder(`${program.name}-codes`);
  }

  graph(): Graph {
    const b = this.#b;
    const { program } = this;
    const input = program.tensors[program.input]!;
    const pixels = b.input("pixels", "int64", ["N", ...input.shape]);
    // One table for all channels: channel c begins at 256·c.
    const offsets = b.constant({
      dtype: "int64",
      shape: [1, program.inputTables.length, 1, 1],
      data: BigInt64Array.from(program.inputTables, (_, c) => BigInt(256 * c)),
    });
    const table = b.constant(float32(program.inputTables.flatMap((codes) => Array.from(codes))));
    this.#codes.set(program.input, b.op("Gather", [table, b.op("Add", [pixels, offsets])], { axis: 0 }));
    for (const operator of program.operators) this.#add(operator);
    return b.build();
  }

  #tensor(id: TensorId): QuantizedTensor {
    return this.program.tensors[id]!;
  }

  #add(operator: Operator): void {
    const b = this.#b;
    switch (operator.op) {
      case "conv":
      case "linear":
        return this.#layer(operator);
      case "rescale":
        return this.#requantize(this.#scaled(operator.input, operator.output), operator.output, operator);
      case "add": {
        const [left, right] = operator.inputs.map((input) => this.#scaled(input, operator.output)) as [string, string];
        return this.#requantize(b.op("Add", [left, right]), operator.output, operator);
      }
      case "table": {
        const table = b.constant(float32(Array.from(operator.table)));
        const index = b.op("Cast", [this.#codes.get(operator.input)!], { to: 7 /* INT64 */ });
        this.#codes.set(operator.output, b.op("Gather", [table, index], { axis: 0 }));
        return;
      }
      case "averagePool":
        return this.#average(operator);
      case "concat": {
        const inputs = operator.inputs.map((input) => this.#codes.get(input)!);
        this.#codes.set(operator.output, b.op("Concat", inputs, { axis: 1 }));
        return;
      }
      case "maxPool":
      case "slice":
      case "transpose": {
        const { op, constants, attributes } = onnxMove(b, operator, this.program.tensors);
        return this.#move(op, operator, constants, attributes);
      }
      case "pad": {
        const zeroPoint = b.scalar(this.#tensor(operator.input).zeroPoint);
        return this.#move("Pad", operator, [b.ints([0, ...operator.before, 0, ...operator.after]), zeroPoint]);
      }
      case "reshape":
        return this.#move("Reshape", operator, [b.ints([0, ...this.#tensor(operator.output).shape])]);
      case "dequantize": {
        const { scale } = this.#tensor(operator.input);
        return b.output(b.op("Mul", [this.#centred(operator.input), b.scalar(scale)]));
      }
      default:
        return operator satisfies never;
    }
  }

  /** q − z: exact small integers. */
  #centred(id: TensorId): string {
    const { zeroPoint } = this.#tensor(id);
    const codes = this.#codes.get(id)!;
    return zeroPoint === 0 ? codes : this.#b.op("Sub", [codes, this.#b.scalar(zeroPoint)]);
  }

  /** fround((q − z)·fround(s / s_out)). */
  #scaled(id: TensorId, output: TensorId): string {
    const multiplier = Math.fround(this.#tensor(id).scale / this.#tensor(output).scale);
    return this.#b.op("Mul", [this.#centred(id), this.#b.scalar(multiplier)]);
  }

  /** clamp(rne(v) + z, lo, hi) of a value v in steps of the output. */
  #requantize(value: string, output: TensorId, { lo, hi }: OutputRange): void {
    const b = this.#b;
    const { zeroPoint } = this.#tensor(output);
    const rounded = b.op("Round", [value]);
    const shifted = zeroPoint === 0 ? rounded : b.op("Add", [rounded, b.scalar(zeroPoint)]);
    this.#codes.set(output, b.op("Clip", [shifted, b.scalar(lo), b.scalar(hi)]));
  }

  #layer(operator: Extract<Operator, { op: "conv" | "linear" }>): void {
    const b = this.#b;
    const { weights, bias, input, output } = operator;
    const from = this.#tensor(input);
    this.#prove(operator.name, weights.codes, bias, Math.max(from.zeroPoint, 2 ** from.bits - 1 - from.zeroPoint));
    const codes = b.constant(float32(Float32Array.from(weights.codes), weights.shape));
    const outputScale = output === undefined ? 1 : this.#tensor(output).scale;
    const multipliers = Float32Array.from(weights.scales, (s) => Math.fround(from.scale * s) / outputScale);
    const perChannel = operator.op === "conv" ? [1, bias.length, 1, 1] : [1, bias.length];
    let sum: string;
    if (operator.op === "conv") {
      const { strides, pads, dilations, groups } = operator;
      const kernel_shape = weights.shape.slice(2);
      sum = b.op(
        "Conv",
        [this.#centred(input), codes],
        { strides, pads, dilations, group: groups, kernel_shape },
        { name: operator.name },
      );
    } else {
      sum = b.op("Gemm", [this.#centred(input), codes], { transB: 1 }, { name: operator.name });
    }
    const accumulated = b.op("Add", [sum, b.constant(float32(Float32Array.from(bias), perChannel))]);
    let value = b.op("Mul", [accumulated, b.constant(float32(multipliers, perChannel))]);
    if (output === undefined) return b.output(value);
    if (operator.op === "conv" && operator.residual)
      value = b.op("Add", [value, this.#scaled(operator.residual.tensor, output)]);
    const range = { lo: operator.lo ?? 0, hi: operator.hi ?? 2 ** this.#tensor(output).bits - 1 };
    this.#requantize(value, output, range);
  }

  /** Σ|w|·max|x − z| and the bias code below 2^24 in every channel: products, partial sums and both operands of the last addition are exact. */
  #prove(name: string, codes: Int8Array, bias: Int32Array, largest: number): void {
    const size = codes.length / bias.length;
    for (let c = 0; c < bias.length; c++) {
      let sum = 0;
      for (let i = c * size; i < (c + 1) * size; i++) sum += Math.abs(codes[i]!);
      if (sum * largest >= EXACT || Math.abs(bias[c]!) >= EXACT) {
        this.unproved.push(name);
        return;
      }
    }
  }

  #average(operator: Extract<Operator, { op: "averagePool" }>): void {
    const b = this.#b;
    const { input, output, kernel, strides, countIncludePad } = operator;
    const [top, left, bottom, right] = operator.pads;
    const image = this.#tensor(input).shape as [number, number, number];
    const [channels, height, width] = image;
    const { shape } = this.#tensor(output);
    const [, outHeight = 1, outWidth = 1] = shape;
    // A sum over each window: a depthwise convolution with ones; zeros of the padding add nothing to q − z.
    const pads = padsToLastWindow(operator, image, shape);
    const ones = b.constant(
      float32(new Float32Array(channels * kernel[0] * kernel[1]).fill(1), [channels, 1, ...kernel]),
    );
    const sum = b.op("Conv", [this.#centred(input), ones], { strides, pads, group: channels, kernel_shape: kernel });
    const ratio = Math.fround(this.#tensor(input).scale / this.#tensor(output).scale);
    const multipliers = new Float32Array(outHeight * outWidth);
    for (let y = 0; y < outHeight; y++)
      for (let x = 0; x < outWidth; x++) {
        const rows = counted(y * strides[0] - top, kernel[0], height, countIncludePad ? [top, bottom] : [0, 0]);
        const columns = counted(x * strides[1] - left, kernel[1], width, countIncludePad ? [left, right] : [0, 0]);
        multipliers[y * outWidth + x] = ratio / (rows * columns);
      }
    let value = b.op("Mul", [sum, b.constant(float32(multipliers, [1, 1, outHeight, outWidth]))]);
    if (shape.length === 1) value = b.op("Reshape", [value, b.ints([0, ...shape])]);
    this.#requantize(value, output, operator);
  }

  #move(
    op: string,
    operator: { readonly input: TensorId; readonly output: TensorId },
    constants: readonly string[],
    attributes = {},
  ): void {
    this.#codes.set(operator.output, this.#b.op(op, [this.#codes.get(operator.input)!, ...constants], attributes));
  }
}

/** Elements of a window from `start` on that lie in the image or the padding around it. */
function counted(start: number, kernel: number, size: number, [before, after]: readonly [number, number]): number {
  return Math.min(start + kernel, size + after) - Math.max(start, -before);
}
