/**
 * @file Operators that differ only in element types between float32 and int8 models: convolutions, pools, moves of elements.
 */

import type { ModelBuilder, Quantization, TensorIndex } from "./model-builder.js";
import { paddingForm, type Window2D } from "./padding.js";
import { Activation, type ActivationName, Padding } from "./schema.js";

/** Weights in ONNX's order. */
export interface LayerWeights {
  readonly name: string;
  readonly data: Float32Array | Int8Array;
  /** `[O, I / groups, kh, kw]` or `[O, I]`. */
  readonly shape: readonly number[];
  /** Scales of int8 weights, one per output channel. */
  readonly scales?: Float32Array;
  /** float32, or int32 at the scales `biasScales`. */
  readonly bias: Float32Array | Int32Array;
  readonly biasScales?: Float32Array;
}

const typeOf = (data: Float32Array | Int8Array | Int32Array) =>
  data instanceof Float32Array ? "float32" : data instanceof Int8Array ? "int8" : "int32";

const perChannel = (scales: Float32Array | undefined, axis: number): { readonly quantization?: Quantization } =>
  scales === undefined ? {} : { quantization: { scales, zeroPoint: 0, axis } };

function bias(b: ModelBuilder, { name, bias: data, biasScales }: LayerWeights): TensorIndex {
  return b.constant(`${name}/bias`, data, {
    type: typeOf(data),
    shape: [data.length],
    ...perChannel(biasScales, 0),
  });
}

/** NHWC height and width of a tensor. */
const sizeOf = (b: ModelBuilder, tensor: TensorIndex): readonly [number, number] => {
  const [, height, width] = b.info(tensor).shape;
  return [height!, width!];
};

/** A value between two operators, with the type and quantization of `tensor`. */
function like(b: ModelBuilder, tensor: TensorIndex, name: string, shape: readonly number[]): TensorIndex {
  const { type, quantization } = b.info(tensor);
  return b.tensor(name, { type, shape, ...(quantization ? { quantization } : {}) });
}

export interface ConvLayer extends LayerWeights {
  readonly window: Window2D;
  readonly groups: number;
}

/** Adds CONV_2D, or DEPTHWISE_CONV_2D if every group has one input channel. */
export function conv(
  b: ModelBuilder,
  input: TensorIndex,
  layer: ConvLayer,
  output: TensorIndex,
  activation: ActivationName,
): void {
  const { window, groups, data, shape, scales, name } = layer;
  const [outputs, inputs, height, width] = shape as [number, number, number, number];
  const { source, padding } = padded(b, input, window, output, "zero");
  const options = {
    padding,
    strideH: window.strides[0],
    strideW: window.strides[1],
    dilationH: window.dilations[0],
    dilationW: window.dilations[1],
    activation: Activation[activation],
  };
  const type = typeOf(data);
  if (groups > 1 && inputs === 1) {
    const moved = permute(data, [outputs, height, width], [1, 2, 0]);
    const weights = b.constant(`${name}/weights`, moved, {
      type,
      shape: [1, height, width, outputs],
      ...perChannel(scales, 3),
    });
    const version = type === "float32" && window.dilations.some((dilation) => dilation > 1) ? 2 : undefined;
    const fields = { ...options, depthMultiplier: outputs / groups };
    b.operator("DEPTHWISE_CONV_2D", [source, weights, bias(b, layer)], [output], fields, version);
  } else {
    const moved = permute(data, [outputs, inputs, height, width], [0, 2, 3, 1]);
    const weights = b.constant(`${name}/weights`, moved, {
      type,
      shape: [outputs, height, width, inputs],
      ...perChannel(scales, 0),
    });
    b.operator("CONV_2D", [source, weights, bias(b, layer)], [output], options, groups > 1 ? 6 : undefined);
  }
}

/** Adds FULLY_CONNECTED for an input `[1, I]`. */
export function fullyConnected(
  b: ModelBuilder,
  input: TensorIndex,
  layer: LayerWeights,
  output: TensorIndex,
  activation: ActivationName,
): void {
  const { name, data, shape, scales } = layer;
  const weights = b.constant(`${name}/weights`, data, { type: typeOf(data), shape, ...perChannel(scales, 0) });
  b.operator("FULLY_CONNECTED", [input, weights, bias(b, layer)], [output], { activation: Activation[activation] });
}

/** @param fill the value of padded elements: `"zero"`, or for a maximum `"lowest"`, the lowest value of the type */
export function pool(
  b: ModelBuilder,
  op: "MAX_POOL_2D" | "AVERAGE_POOL_2D",
  input: TensorIndex,
  window: Window2D,
  output: TensorIndex,
  fill: "zero" | "lowest",
): void {
  const { source, padding } = padded(b, input, window, output, fill);
  b.operator(op, [source], [output], {
    padding,
    strideH: window.strides[0],
    strideW: window.strides[1],
    filterHeight: window.kernel[0],
    filterWidth: window.kernel[1],
  });
}

/**
 * Adds AVERAGE_POOL_2D. Its divisor never counts padding; if it should, an operator before it pads.
 * @returns false, and adds nothing, if the padding is neither SAME nor VALID
 */
export function averagePool(
  b: ModelBuilder,
  input: TensorIndex,
  window: Window2D,
  countsPadding: boolean,
  output: TensorIndex,
): boolean {
  const [height, width] = sizeOf(b, input);
  const [top, left, bottom, right] = window.pads;
  const pads = countsPadding && window.pads.some((n) => n !== 0);
  const inner: Window2D = pads ? { ...window, pads: [0, 0, 0, 0] } : window;
  const image = pads ? ([height + top + bottom, width + left + right] as const) : ([height, width] as const);
  if (paddingForm(image, sizeOf(b, output), inner).kind === "explicit") return false;
  const source = pads ? pad(b, input, [0, top, left, 0], [0, bottom, right, 0]) : input;
  pool(b, "AVERAGE_POOL_2D", source, inner, output, "zero");
  return true;
}

function padded(
  b: ModelBuilder,
  input: TensorIndex,
  window: Window2D,
  output: TensorIndex,
  fill: "zero" | "lowest",
): { readonly source: TensorIndex; readonly padding: number } {
  const form = paddingForm(sizeOf(b, input), sizeOf(b, output), window);
  if (form.kind !== "explicit") return { source: input, padding: Padding[form.kind] };
  const [top, left, bottom, right] = form.pads;
  return {
    source: pad(b, input, [0, top, left, 0], [0, bottom, right, 0], fill),
    padding: Padding.valid,
  };
}

/** @param before elements to add before each axis of the tensor, including the batch */
export function pad(
  b: ModelBuilder,
  input: TensorIndex,
  before: readonly number[],
  after: readonly number[],
  fill: "zero" | "lowest" = "zero",
): TensorIndex {
  const { name, shape, type, quantization } = b.info(input);
  const output = like(
    b,
    input,
    `${name}/pad`,
    shape.map((size, axis) => before[axis]! + size + after[axis]!),
  );
  const pads = b.ints(
    `${name}/pads`,
    before.flatMap((n, axis) => [n, after[axis]!]),
    [before.length, 2],
  );
  if (fill === "zero") b.operator("PAD", [input, pads], [output]);
  else {
    const data = type === "int8" ? Int8Array.of(-128) : Float32Array.of(-3.4028234663852886e38);
    const value = b.constant(`${name}/lowest`, data, {
      type,
      shape: [1],
      ...(quantization ? { quantization } : {}),
    });
    b.operator("PADV2", [input, pads, value], [output]);
  }
  return output;
}

export function transpose(b: ModelBuilder, input: TensorIndex, order: readonly number[]): TensorIndex {
  const { name, shape } = b.info(input);
  const output = like(
    b,
    input,
    `${name}/transposed`,
    order.map((axis) => shape[axis]!),
  );
  b.operator("TRANSPOSE", [input, b.ints(`${name}/order`, order)], [output]);
  return output;
}

function reshape(b: ModelBuilder, input: TensorIndex, name: string, shape: readonly number[]): TensorIndex {
  const output = like(b, input, name, shape);
  b.operator("RESHAPE", [input, b.ints(`${name}/shape`, shape)], [output], { newShape: shape });
  return output;
}

/**
 * Reshapes in ONNX's order of elements, which is channels first: elements are transposed before the reshape and back after it.
 */
export function reshapeChannelsFirst(
  b: ModelBuilder,
  input: TensorIndex,
  name: string,
  /** Without the batch: `[C, H, W]` or `[C]`. */
  shape: readonly number[],
): TensorIndex {
  const from = b.info(input).shape;
  const [, height = 1, width = 1, channels = 1] = from.length === 4 ? from : [];
  const first = from.length === 4 && height * width > 1 && channels > 1 ? transpose(b, input, [0, 3, 1, 2]) : input;
  if (shape.length === 1) return reshape(b, first, name, [1, ...shape]);
  return transpose(b, reshape(b, first, name, [1, ...shape]), [0, 2, 3, 1]);
}

/** Takes `sizes` positions from `begin`, `steps` apart, along each axis of the tensor. */
export function stridedSlice(
  b: ModelBuilder,
  input: TensorIndex,
  begin: readonly number[],
  sizes: readonly number[],
  steps: readonly number[],
): TensorIndex {
  const { name } = b.info(input);
  const end = begin.map((first, axis) => first + (sizes[axis]! - 1) * steps[axis]! + 1);
  const output = like(b, input, `${name}/slice`, sizes);
  const parameters = [b.ints(`${name}/begin`, begin), b.ints(`${name}/end`, end), b.ints(`${name}/strides`, steps)];
  b.operator("STRIDED_SLICE", [input, ...parameters], [output]);
  return output;
}

/** Adds the mean over height and width. */
export function mean(b: ModelBuilder, input: TensorIndex, output: TensorIndex): void {
  const keepDims = b.info(output).shape.length === 4;
  b.operator("MEAN", [input, b.ints(`${b.info(output).name}/axes`, [1, 2])], [output], { keepDims });
}

/** Converts ONNX's order of axes to TensorFlow's: entries for `[C, H, W]` or `[C]`, after one for the batch. */
export function channelsLast<T>(entries: readonly T[], batch: T): T[] {
  return entries.length === 3 ? [batch, entries[1]!, entries[2]!, entries[0]!] : [batch, ...entries];
}

/** `[C, H, W]` → `[1, H, W, C]`. */
export const tensorShape = (shape: readonly number[]): number[] => channelsLast(shape, 1);

/** The elements of `shape` with transposed axes: axis i of the result is axis `order[i]`. */
export function permute<T extends Float32Array | Int8Array>(
  data: T,
  shape: readonly number[],
  order: readonly number[],
): T {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const result = data.slice() as T;
  const index = new Array<number>(order.length).fill(0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from]!;
    for (let axis = order.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
