/**
 * @file The part of TensorFlow Lite's schema that exports need, as data; writer and reader use the same table. Source:
 * `tensorflow/compiler/mlir/lite/schema/schema.fbs`, file identifier "TFL3", schema version 3.
 */

/**
 * The tables. The slot of a field is its position; a field of type `union` takes two slots. `=` gives the default of a
 * scalar if it is not 0. Fields of type `unused` only keep the slots of later fields.
 */
const tables = {
  Model: {
    version: "uint32",
    operatorCodes: "[OperatorCode]",
    subgraphs: "[SubGraph]",
    description: "string",
    buffers: "[Buffer]",
    metadataBuffer: "unused",
    metadata: "unused",
    signatureDefs: "[SignatureDef]",
  },
  OperatorCode: { deprecatedBuiltinCode: "int8", customCode: "unused", version: "int32=1", builtinCode: "int32" },
  SubGraph: {
    tensors: "[Tensor]",
    inputs: "[int32]",
    outputs: "[int32]",
    operators: "[Operator]",
    name: "string",
  },
  Buffer: { data: "[uint8]" },
  Tensor: {
    shape: "[int32]",
    type: "int8",
    buffer: "uint32",
    name: "string",
    quantization: "QuantizationParameters",
  },
  QuantizationParameters: {
    min: "unused",
    max: "unused",
    scale: "[float32]",
    zeroPoint: "[int64]",
    detailsType: "unused",
    details: "unused",
    quantizedDimension: "int32",
  },
  Operator: { opcodeIndex: "uint32", inputs: "[int32]", outputs: "[int32]", builtinOptions: "union" },
  SignatureDef: {
    inputs: "[TensorMap]",
    outputs: "[TensorMap]",
    signatureKey: "string",
    deprecatedTag: "unused",
    subgraphIndex: "uint32",
  },
  TensorMap: { name: "string", tensorIndex: "uint32" },

  Conv2DOptions: {
    padding: "int8",
    strideW: "int32",
    strideH: "int32",
    activation: "int8",
    dilationW: "int32=1",
    dilationH: "int32=1",
  },
  DepthwiseConv2DOptions: {
    padding: "int8",
    strideW: "int32",
    strideH: "int32",
    depthMultiplier: "int32",
    activation: "int8",
    dilationW: "int32=1",
    dilationH: "int32=1",
  },
  Pool2DOptions: {
    padding: "int8",
    strideW: "int32",
    strideH: "int32",
    filterWidth: "int32",
    filterHeight: "int32",
    activation: "int8",
  },
  FullyConnectedOptions: { activation: "int8" },
  ConcatenationOptions: { axis: "int32", activation: "int8" },
  AddOptions: { activation: "int8" },
  MulOptions: { activation: "int8" },
  ReshapeOptions: { newShape: "[int32]" },
  PadOptions: {},
  PadV2Options: {},
  ReducerOptions: { keepDims: "bool" },
  StridedSliceOptions: { beginMask: "int32", endMask: "int32" },
  TransposeOptions: {},
  GatherOptions: { axis: "int32" },
  CastOptions: { inDataType: "int8", outDataType: "int8" },
  DequantizeOptions: {},
  QuantizeOptions: {},
  MaximumMinimumOptions: {},
  HardSwishOptions: {},
  LeakyReluOptions: { alpha: "float32" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

type Tables = typeof tables;
export type TableName = keyof Tables;

/** The fields of a table, in the order of their slots. */
export const fieldsOf = (table: TableName): readonly (readonly [string, string])[] => Object.entries(tables[table]);

type Scalar = "int8" | "uint32" | "int32" | "float32";
type Value<F> = F extends `${infer Type}=${string}`
  ? Value<Type>
  : F extends Scalar
    ? number
    : F extends "bool"
      ? boolean
      : F extends "string"
        ? string
        : F extends "[int32]" | "[int64]"
          ? readonly number[]
          : F extends "[float32]"
            ? Float32Array
            : F extends "[uint8]"
              ? Uint8Array
              : F extends "union"
                ? OptionsValue
                : F extends `[${infer T extends TableName}]`
                  ? readonly Table<T>[]
                  : F extends TableName
                    ? Table<F>
                    : never;

/** The value of a table; a file may leave out any field. */
export type Table<T extends TableName> = {
  readonly [K in keyof Tables[T] as Tables[T][K] extends "unused" ? never : K]?: Value<Tables[T][K]>;
};

/** Members of the union BuiltinOptions that are used here. */
export const optionTypes = {
  Conv2DOptions: 1,
  DepthwiseConv2DOptions: 2,
  Pool2DOptions: 5,
  FullyConnectedOptions: 8,
  ConcatenationOptions: 10,
  AddOptions: 11,
  ReshapeOptions: 17,
  MulOptions: 21,
  PadOptions: 22,
  GatherOptions: 23,
  TransposeOptions: 26,
  ReducerOptions: 27,
  StridedSliceOptions: 32,
  CastOptions: 37,
  DequantizeOptions: 38,
  MaximumMinimumOptions: 39,
  PadV2Options: 43,
  LeakyReluOptions: 75,
  QuantizeOptions: 89,
  HardSwishOptions: 91,
} as const satisfies Partial<Record<TableName, number>>;

export type OptionsTable = keyof typeof optionTypes;

/** A member of BuiltinOptions with its fields. */
export type OptionsValue = {
  readonly [T in OptionsTable]: { readonly table: T; readonly fields: Table<T> };
}[OptionsTable];

export const TensorType = { float32: 0, int32: 2, uint8: 3, int64: 4, int8: 9 } as const;
export type ElementType = keyof typeof TensorType;

export const Padding = { same: 0, valid: 1 } as const;
export const Activation = { none: 0, relu: 1, reluN1To1: 2, relu6: 3 } as const;
export type ActivationName = keyof typeof Activation;

/** Builtin operators: code, the table of their options, and the version that first has float32 and int8. */
export const operators = {
  ADD: { code: 0, options: "AddOptions", versions: [1, 2] },
  AVERAGE_POOL_2D: { code: 1, options: "Pool2DOptions", versions: [1, 2] },
  CONCATENATION: { code: 2, options: "ConcatenationOptions", versions: [1, 2] },
  CONV_2D: { code: 3, options: "Conv2DOptions", versions: [1, 3] },
  DEPTHWISE_CONV_2D: { code: 4, options: "DepthwiseConv2DOptions", versions: [1, 3] },
  DEQUANTIZE: { code: 6, options: "DequantizeOptions", versions: [1, 2] },
  FULLY_CONNECTED: { code: 9, options: "FullyConnectedOptions", versions: [1, 4] },
  LOGISTIC: { code: 14, versions: [1, 2] },
  MAX_POOL_2D: { code: 17, options: "Pool2DOptions", versions: [1, 2] },
  MUL: { code: 18, options: "MulOptions", versions: [1, 2] },
  RELU: { code: 19, versions: [1, 2] },
  RELU6: { code: 21, versions: [1, 2] },
  RESHAPE: { code: 22, options: "ReshapeOptions", versions: [1, 1] },
  TANH: { code: 28, versions: [1, 2] },
  PAD: { code: 34, options: "PadOptions", versions: [1, 2] },
  GATHER: { code: 36, options: "GatherOptions", versions: [1, 2] },
  TRANSPOSE: { code: 39, options: "TransposeOptions", versions: [1, 2] },
  MEAN: { code: 40, options: "ReducerOptions", versions: [1, 2] },
  STRIDED_SLICE: { code: 45, options: "StridedSliceOptions", versions: [1, 2] },
  CAST: { code: 53, options: "CastOptions", versions: [1, 1] },
  PRELU: { code: 54, versions: [1, 1] },
  MAXIMUM: { code: 55, options: "MaximumMinimumOptions", versions: [1, 2] },
  MINIMUM: { code: 57, options: "MaximumMinimumOptions", versions: [1, 2] },
  PADV2: { code: 60, options: "PadV2Options", versions: [1, 2] },
  LEAKY_RELU: { code: 98, options: "LeakyReluOptions", versions: [1, 1] },
  ELU: { code: 111, versions: [1, 1] },
  QUANTIZE: { code: 114, options: "QuantizeOptions", versions: [1, 1] },
  HARD_SWISH: { code: 117, options: "HardSwishOptions", versions: [1, 1] },
} as const satisfies Readonly<
  Record<string, { code: number; options?: OptionsTable; versions: readonly [number, number] }>
>;

export type OperatorName = keyof typeof operators;
