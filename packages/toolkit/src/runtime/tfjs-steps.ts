/**
 * @file Runs one of our float32 `.tflite` files by calls of TensorFlow.js; bias, activation and padding are fused into its
 * layers.
 */

import type * as Tf from "@tensorflow/tfjs-core";
import { readTflite } from "../export/tflite/file.js";
import { operators, type Table } from "../export/tflite/schema.js";

/** Values by the index of their tensor. */
type Values = Map<number, Tf.Tensor>;
type Step = (values: Values) => void;
type Options = Readonly<Record<string, number>>;
type Explicit = [[0, 0], [number, number], [number, number], [0, 0]];

/** A model as steps over values; the input has the index 0. */
export interface TfjsSteps {
  readonly shape: readonly number[];
  readonly constants: ReadonlyMap<number, Tf.Tensor>;
  readonly steps: readonly Step[];
  readonly output: number;
}

interface Place {
  readonly inputs: readonly number[];
  readonly options: Options;
  /** Padding that the operator before this one added, if this one can add it instead. */
  readonly pads?: Explicit;
}

type Compute = (values: Values, place: Place) => Tf.Tensor;

const ACTIVATIONS = ["linear", "relu", undefined, "relu6"] as const;

const activationOf = ({ activation = 0 }: Options) => {
  const name = ACTIVATIONS[activation];
  if (name === undefined) throw new Error(`internal: TensorFlow.js has no activation ${activation}`);
  return name;
};

/** How each operator is computed; `tf` is a parameter, because a page loads it late. */
function computations(tf: typeof Tf): Readonly<Record<string, Compute>> {
  const read = <T extends Tf.Tensor>(values: Values, { inputs }: Place, i = 0): T => values.get(inputs[i]!)! as T;
  const strides = ({ strideH, strideW }: Options): [number, number] => [strideH!, strideW!];
  const padding = ({ options, pads }: Place) => pads ?? (options.padding === 0 ? "same" : "valid");
  const activated = (x: Tf.Tensor, options: Options): Tf.Tensor => {
    const name = activationOf(options);
    return name === "linear" ? x : tf[name](x);
  };
  const pool = (kind: "maxPool" | "avgPool"): Compute => {
    return (values, place) => {
      const { filterHeight, filterWidth } = place.options;
      const window: [number, number] = [filterHeight!, filterWidth!];
      return tf[kind](
        read<Tf.Tensor4D>(values, place),
        window,
        strides(place.options),
        padding(place) as "same" | "valid",
      );
    };
  };
  const unary =
    (name: "relu" | "relu6" | "sigmoid" | "tanh"): Compute =>
    (values, place) =>
      tf[name](read(values, place));
  const binary =
    (name: "add" | "mul" | "maximum" | "minimum"): Compute =>
    (values, place) =>
      activated(tf[name](read(values, place), read(values, place, 1)), place.options);
  const convolution =
    (name: "conv2d" | "depthwiseConv2d"): Compute =>
    (values, place) =>
      tf.fused[name]({
        x: read<Tf.Tensor4D>(values, place),
        filter: read<Tf.Tensor4D>(values, place, 1),
        bias: read(values, place, 2),
        strides: strides(place.options),
        dilations: [place.options.dilationH!, place.options.dilationW!],
        // Both take explicit padding; the types of the depthwise one leave it out.
        pad: padding(place) as "same" | "valid",
        activation: activationOf(place.options),
      });
  const integers = (values: Values, place: Place, i: number): number[] => Array.from(read(values, place, i).dataSync());
  const pairs = (values: Values, place: Place): [number, number][] => {
    const flat = integers(values, place, 1);
    return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
  };
  return {
    CONV_2D: convolution("conv2d"),
    DEPTHWISE_CONV_2D: convolution("depthwiseConv2d"),
    FULLY_CONNECTED: (values, place) =>
      tf.fused.matMul({
        a: read<Tf.Tensor2D>(values, place),
        b: read<Tf.Tensor2D>(values, place, 1),
        bias: read(values, place, 2),
        activation: activationOf(place.options),
      }),
    ADD: binary("add"),
    MUL: binary("mul"),
    MAXIMUM: binary("maximum"),
    MINIMUM: binary("minimum"),
    RELU: unary("relu"),
    RELU6: unary("relu6"),
    LOGISTIC: unary("sigmoid"),
    TANH: unary("tanh"),
    LEAKY_RELU: (values, place) => tf.leakyRelu(read(values, place), place.options.alpha),
    HARD_SWISH: (values, place) => {
      const x = read(values, place);
      return tf.mul(x, tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6));
    },
    MAX_POOL_2D: pool("maxPool"),
    AVERAGE_POOL_2D: pool("avgPool"),
    MEAN: (values, place) => tf.mean(read(values, place), [1, 2], Boolean(place.options.keepDims)),
    PAD: (values, place) => tf.pad(read(values, place), pairs(values, place)),
    PADV2: (values, place) => tf.pad(read(values, place), pairs(values, place), read(values, place, 2).dataSync()[0]),
    RESHAPE: (values, place) => tf.reshape(read(values, place), integers(values, place, 1)),
    TRANSPOSE: (values, place) => tf.transpose(read(values, place), integers(values, place, 1)),
    STRIDED_SLICE: (values, place) =>
      tf.stridedSlice(
        read(values, place),
        integers(values, place, 1),
        integers(values, place, 2),
        integers(values, place, 3),
      ),
    CONCATENATION: (values, place) =>
      tf.concat(
        place.inputs.map((_, i) => read(values, place, i)),
        place.options.axis,
      ),
  };
}

/** @throws {Error} if `graphToTflite` did not write the model */
export function tfjsSteps(tf: typeof Tf, bytes: Uint8Array): TfjsSteps {
  const model = readTflite(bytes);
  const [graph] = model.subgraphs!;
  const tensors = graph!.tensors!;
  const compute = computations(tf);
  const nameOf = new Map(Object.entries(operators).map(([name, { code }]) => [code as number, name]));
  const list = graph!.operators!.map((operator) => ({
    name: nameOf.get(model.operatorCodes![operator.opcodeIndex!]!.builtinCode!)!,
    inputs: operator.inputs!,
    output: operator.outputs![0]!,
    options: (operator.builtinOptions?.fields ?? {}) as Options,
  }));
  const constants = new Map<number, Tf.Tensor>();
  for (const [i, { shape, buffer, type }] of tensors.entries()) {
    const data = model.buffers![buffer!]?.data;
    if (data !== undefined) constants.set(i, constant(tf, data, type!, shape!));
  }
  for (const { name, inputs, options } of list)
    if (name === "CONV_2D" || name === "DEPTHWISE_CONV_2D" || name === "FULLY_CONNECTED")
      orient(tf, name, constants, inputs[1]!, options);
  /** Whether an operator pads only height and width, and writes the given value. */
  const isSpatialPad = ({ name, inputs, output }: (typeof list)[number], value: number): boolean => {
    if (name !== "PAD" || output !== value) return false;
    const [batchBefore, batchAfter, , , , , before, after] = constants.get(inputs[1]!)!.dataSync();
    return [batchBefore, batchAfter, before, after].every((n) => n === 0);
  };
  const steps: Step[] = [];
  for (const each of list) {
    const pad = takesPadding(each.name) ? list.find((other) => isSpatialPad(other, each.inputs[0]!)) : undefined;
    const readers = list.filter(({ inputs }) => inputs.includes(each.output));
    if (isSpatialPad(each, each.output) && readers.every(({ name }) => takesPadding(name))) continue;
    const run = compute[each.name];
    if (run === undefined) throw new Error(`internal: TensorFlow.js does not run ${each.name}`);
    const inputs = pad ? [pad.inputs[0]!, ...each.inputs.slice(1)] : each.inputs;
    const place = { inputs, options: each.options, ...(pad ? { pads: explicit(constants, pad.inputs[1]!) } : {}) };
    steps.push((values) => values.set(each.output, run(values, place)));
  }
  return { shape: tensors[graph!.inputs![0]!]!.shape!, constants, steps, output: graph!.outputs![0]! };
}

const takesPadding = (name: string): boolean => name === "CONV_2D" || name === "DEPTHWISE_CONV_2D";

function explicit(constants: ReadonlyMap<number, Tf.Tensor>, pads: number): Explicit {
  const [, , top, bottom, left, right] = constants.get(pads)!.dataSync() as Int32Array;
  return [
    [0, 0],
    [top!, bottom!],
    [left!, right!],
    [0, 0],
  ];
}

function constant(
  tf: typeof Tf,
  data: Uint8Array,
  type: NonNullable<Table<"Tensor">["type"]>,
  shape: readonly number[],
): Tf.Tensor {
  const { buffer } = data.slice();
  return type === 0
    ? tf.tensor(new Float32Array(buffer), [...shape], "float32")
    : tf.tensor(new Int32Array(buffer), [...shape], "int32");
}

/**
 * Weights in TensorFlow.js's order: `[h, w, I, O]`, `[h, w, C, M]` for depthwise filters, `[I, O]` for linear layers; with
 * other orders it drops the bias.
 */
function orient(
  tf: typeof Tf,
  name: "CONV_2D" | "DEPTHWISE_CONV_2D" | "FULLY_CONNECTED",
  constants: Map<number, Tf.Tensor>,
  weights: number,
  { depthMultiplier = 1 }: Options,
): void {
  const stored = constants.get(weights)!;
  const [, height, width, channels] = stored.shape as [number, number, number, number];
  if (name === "DEPTHWISE_CONV_2D")
    constants.set(weights, tf.reshape(stored, [height, width, channels / depthMultiplier, depthMultiplier]));
  else constants.set(weights, tf.transpose(stored, name === "CONV_2D" ? [1, 2, 3, 0] : [1, 0]));
  stored.dispose();
}
