/**
 * @file Converts the integer program to an int8 model for LiteRT. Codes, weights, scales and biases are those of the program;
 * docs/tflite.md says where TensorFlow Lite rounds differently.
 */

import type {
  Operator,
  OperatorNamed,
  OperatorType,
  OutputRange,
  Program,
  QuantizedTensor,
  TensorId,
} from "@subbyte/engine";
import { ModelError } from "@subbyte/graph";
import { activationFor, clampCodes, HIGHEST_CODE, int8Quantization, realRange, scaleFor } from "./codes.js";
import { imageInput } from "./image-input.js";
import {
  averagePool,
  channelsLast,
  conv,
  fullyConnected,
  type LayerWeights,
  mean,
  pad,
  pool,
  reshapeChannelsFirst,
  stridedSlice,
  tensorShape,
  transpose,
} from "./layers.js";
import { ModelBuilder, type TensorIndex } from "./model-builder.js";
import { tensorAxes } from "./moves.js";
import type { Window2D } from "./padding.js";
import { noTfliteForm } from "./refusal.js";
import { Activation, type ActivationName } from "./schema.js";
import { lookUp } from "./tables.js";

/** Lowest and highest value of a layer's result, by the operator's name, for results without a scale in the program. */
export type LayerRanges = ReadonlyMap<string, readonly [number, number]>;

/** Options of `programToTflite`. */
export interface ProgramToTfliteOptions {
  /**
   * `"uint8"` (default): RGB bytes, which the model normalizes by the program's mean and standard deviation. `"float32"`:
   * values that are normalized already, as the network before quantization took them.
   */
  readonly input?: "uint8" | "float32";
  /**
   * Ranges of convolutions before a sum, and of the logits, from `measureRanges`. Without a range, a sum gets the widest range
   * that can matter, and logits are computed in float32 from the int8 features.
   */
  readonly ranges?: LayerRanges;
}

/**
 * @returns the bytes of a `.tflite` file: one image `[1, H, W, C]` in, float32 logits `[1, classes]` out
 * @throws {ModelError} `no-tflite-form` if activations have fewer than 8 bits, or an operator cannot be expressed
 */
export function programToTflite(program: Program, options: ProgramToTfliteOptions = {}): Uint8Array<ArrayBuffer> {
  return new Int8Export(program, options).file();
}

type IntegerLayer = LayerWeights & Required<Pick<LayerWeights, "scales" | "biasScales">> & { readonly data: Int8Array };

type Rules = { readonly [T in OperatorType]: (operator: Extract<Operator, { readonly op: T }>) => void };

class Int8Export {
  readonly #b = new ModelBuilder();
  readonly #index = new Map<TensorId, TensorIndex>();
  #logits: TensorIndex | undefined;

  constructor(
    readonly program: Program,
    readonly options: ProgramToTfliteOptions,
  ) {
    requireEightBits(program);
  }

  file(): Uint8Array<ArrayBuffer> {
    const { program } = this;
    const input = imageInput(this.#b, program, this.options.input ?? "uint8", this.#write(program.input));
    for (const operator of program.operators) (this.#rules[operator.op] as (operator: Operator) => void)(operator);
    return this.#b.finish(input, this.#logits!, `${program.name}, int8`);
  }

  readonly #rules: Rules = {
    conv: (operator) => this.#conv(operator),
    add: (operator) => this.#add(operator),
    averagePool: (operator) => this.#averagePool(operator),
    concat: (operator) => this.#concat(operator),
    linear: ({ name, input, output, lo, hi, weights, bias }) => {
      const layer = this.#layer(name, input, weights, bias);
      if (output === undefined) this.#logits = this.#classify(name, input, layer);
      else
        this.#clamped(output, { lo: lo!, hi: hi! }, (result, activation) =>
          fullyConnected(this.#b, this.#read(input), layer, result, activation),
        );
    },
    rescale: ({ input, output, lo, hi }) =>
      this.#unfused(output, { lo, hi }, (result) => this.#b.operator("QUANTIZE", [this.#read(input)], [result])),
    multiply: ({ inputs: [left, right], output, lo, hi }) =>
      this.#clamped(output, { lo, hi }, (result, activation) => {
        const options = { activation: Activation[activation] };
        this.#b.operator("MUL", [this.#read(left), this.#read(right)], [result], options);
      }),
    table: ({ name, input, output, table }) => {
      if (table.length > HIGHEST_CODE + 1) throw noTfliteForm("table", name, "it has a table for each channel.");
      lookUp(this.#b, this.#read(input), table, this.#tensor(input), this.#tensor(output), this.#write(output));
    },
    maxPool: ({ name, input, output, kernel, strides, pads, dilations }) => {
      if (dilations.some((dilation) => dilation !== 1))
        throw noTfliteForm("MaxPool", name, `its windows have gaps (dilations [${dilations}]).`);
      // If the zero point is the lowest code, zero is the lowest value; PAD runs on XNNPACK, PADV2 does not.
      const fill = this.#tensor(input).zeroPoint === 0 ? "zero" : "lowest";
      const window = { kernel, strides, pads, dilations };
      pool(this.#b, "MAX_POOL_2D", this.#read(input), window, this.#write(output), fill);
    },
    slice: ({ input, output, starts, steps }) => {
      const { shape } = this.#tensor(output);
      const [begin, sizes, by] = [channelsLast(starts, 0), tensorShape(shape), channelsLast(steps, 1)];
      this.#index.set(output, stridedSlice(this.#b, this.#read(input), begin, sizes, by));
    },
    pad: ({ input, output, before, after }) =>
      void this.#index.set(output, pad(this.#b, this.#read(input), channelsLast(before, 0), channelsLast(after, 0))),
    reshape: ({ input, output }) => {
      const { name, shape } = this.#tensor(output);
      this.#index.set(output, reshapeChannelsFirst(this.#b, this.#read(input), name, shape));
    },
    transpose: ({ input, output, permutation }) => {
      const order = tensorAxes(permutation);
      this.#index.set(output, transpose(this.#b, this.#read(input), order));
    },
    dequantize: ({ input }) => {
      this.#logits = this.#dequantized(this.#read(input), "logits");
    },
  };

  #tensor(id: TensorId): QuantizedTensor {
    return this.program.tensors[id]!;
  }

  #read(id: TensorId): TensorIndex {
    return this.#index.get(id)!;
  }

  #write(id: TensorId): TensorIndex {
    const tensor = this.#tensor(id);
    const index = this.#int8(tensor.name, tensor.shape, tensor);
    this.#index.set(id, index);
    return index;
  }

  #int8(name: string, shape: readonly number[], scale: Pick<QuantizedTensor, "scale" | "zeroPoint">): TensorIndex {
    return this.#b.tensor(name, { type: "int8", shape: tensorShape(shape), quantization: int8Quantization(scale) });
  }

  /** Emits an operator that clamps by a fused activation if possible, else by operators after it. */
  #clamped(
    output: TensorId,
    range: OutputRange,
    emit: (result: TensorIndex, activation: ActivationName) => void,
  ): void {
    const tensor = this.#tensor(output);
    const activation = activationFor(tensor, range);
    if (activation !== undefined) return emit(this.#write(output), activation);
    const result = this.#int8(`${tensor.name}/unclamped`, tensor.shape, tensor);
    emit(result, "none");
    clampCodes(this.#b, result, range, this.#write(output));
  }

  /** Emits an operator that cannot have a fused activation, and the clamp as operators after it. */
  #unfused(output: TensorId, range: OutputRange, emit: (result: TensorIndex) => void): void {
    const isWhole = range.lo === 0 && range.hi === HIGHEST_CODE;
    if (isWhole) return emit(this.#write(output));
    const tensor = this.#tensor(output);
    const result = this.#int8(`${tensor.name}/unclamped`, tensor.shape, tensor);
    emit(result);
    clampCodes(this.#b, result, range, this.#write(output));
  }

  #layer(
    name: string,
    input: TensorId,
    { codes, scales, shape }: OperatorNamed<"conv">["weights"],
    bias: Int32Array,
  ): IntegerLayer {
    const { scale } = this.#tensor(input);
    return {
      name,
      // TensorFlow Lite's weights are symmetric: its kernels may rely on codes of at least −127.
      data: codes.includes(-128) ? codes.map((code) => Math.max(-127, code)) : codes,
      shape,
      scales,
      bias,
      biasScales: scales.map((each) => scale * each),
    };
  }

  #conv(operator: OperatorNamed<"conv">): void {
    const { name, input, output, weights, bias, strides, pads, dilations, groups, residual } = operator;
    const kernel = weights.shape.slice(2) as unknown as readonly [number, number];
    const layer = { ...this.#layer(name, input, weights, bias), window: { kernel, strides, pads, dilations }, groups };
    const emit = (result: TensorIndex, activation: ActivationName) =>
      conv(this.#b, this.#read(input), layer, result, activation);
    if (residual === undefined) return this.#clamped(output, operator, emit);
    const range = this.options.ranges?.get(name) ?? this.#rangeThatMatters(operator, residual.tensor);
    const term = this.#int8(`${name}/term`, this.#tensor(output).shape, scaleFor(range));
    emit(term, "none");
    this.#sum(output, operator, term, this.#read(residual.tensor));
  }

  /**
   * The range outside of which the exact value of a term does not matter, because the sum is then clamped whatever the
   * other term is.
   */
  #rangeThatMatters({ output, lo, hi }: OperatorNamed<"conv">, residual: TensorId): readonly [number, number] {
    const [low, high] = realRange(this.#tensor(output), { lo, hi });
    const [otherLow, otherHigh] = realRange(this.#tensor(residual), { lo: 0, hi: HIGHEST_CODE });
    return [low - otherHigh, high - otherLow];
  }

  #add({ inputs: [left, right], output, lo, hi }: OperatorNamed<"add">): void {
    this.#sum(output, { lo, hi }, this.#read(left), this.#read(right));
  }

  #sum(output: TensorId, range: OutputRange, left: TensorIndex, right: TensorIndex): void {
    this.#clamped(output, range, (result, activation) =>
      this.#b.operator("ADD", [left, right], [result], { activation: Activation[activation] }),
    );
  }

  #concat({ inputs, output }: OperatorNamed<"concat">): void {
    const axis = this.#tensor(output).shape.length === 3 ? 3 : 1;
    this.#b.operator(
      "CONCATENATION",
      inputs.map((id) => this.#read(id)),
      [this.#write(output)],
      { axis },
    );
  }

  #averagePool(operator: OperatorNamed<"averagePool">): void {
    const { name, input, output, kernel, strides, pads, countIncludePad } = operator;
    const [from, to] = [this.#tensor(input), this.#tensor(output)];
    const [, height, width] = from.shape;
    if (kernel[0] === height && kernel[1] === width && pads.every((n) => n === 0))
      return this.#unfused(output, operator, (result) => mean(this.#b, this.#read(input), result));
    // The operator keeps the scale of its input.
    const pooled = this.#int8(`${to.name}/pooled`, to.shape, from);
    const window: Window2D = { kernel, strides, pads, dilations: [1, 1] };
    if (!averagePool(this.#b, this.#read(input), window, countIncludePad, pooled))
      throw noTfliteForm("AveragePool", name, `its padding [${pads}] is neither SAME nor VALID.`);
    this.#unfused(output, operator, (result) => this.#b.operator("QUANTIZE", [pooled], [result]));
  }

  #classify(name: string, input: TensorId, layer: IntegerLayer): TensorIndex {
    const b = this.#b;
    const shape = [1, this.program.classes];
    const range = this.options.ranges?.get(name);
    if (range !== undefined) {
      const codes = this.#int8(`${name}/codes`, [this.program.classes], scaleFor(range));
      fullyConnected(b, this.#read(input), layer, codes, "none");
      return this.#dequantized(codes, "logits");
    }
    const features = this.#dequantized(this.#read(input), `${this.#tensor(input).name}/float`);
    const logits = b.tensor("logits", { type: "float32", shape });
    const { data, scales, bias, biasScales } = layer;
    const fanIn = data.length / scales.length;
    const real = {
      name,
      shape: layer.shape,
      data: Float32Array.from(data, (code, i) => code * scales[Math.floor(i / fanIn)]!),
      bias: Float32Array.from(bias, (code, o) => code * biasScales[o]!),
    };
    fullyConnected(b, features, real, logits, "none");
    return logits;
  }

  #dequantized(codes: TensorIndex, name: string): TensorIndex {
    const real = this.#b.tensor(name, { type: "float32", shape: this.#b.info(codes).shape });
    this.#b.operator("DEQUANTIZE", [codes], [real]);
    return real;
  }
}

/** TensorFlow Lite has only int8 activations; fewer bits would need other scales, and so be another network. */
function requireEightBits({ tensors }: Program): void {
  const narrow = tensors.filter(({ bits }) => bits < 8);
  if (narrow.length === 0) return;
  const [first] = narrow as [QuantizedTensor, ...QuantizedTensor[]];
  const others = narrow.length > 1 ? ` and ${narrow.length - 1} other activations have` : " has";
  throw new ModelError(
    "no-tflite-form",
    { operators: [], nodes: [], tensors: narrow.map(({ name }) => name), found: first.bits, expected: 8 },
    `"${first.name}" (${first.bits} bits)${others} fewer than 8 bits; TensorFlow Lite computes on int8 activations only. ` +
      "Quantize activations to 8 bits; weights may keep fewer.",
  );
}
