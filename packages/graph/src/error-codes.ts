/** @file The codes of `ModelError`, as data: docs/errors.md is generated from this table. */

/** The description of one error code. */
export interface ErrorEntry<Fact extends string = string> {
  /** The cause, as one sentence. */
  readonly cause: string;
  /** The remedy, as one sentence. */
  readonly remedy: string;
  /** The members of `data` that are always there. */
  readonly data: readonly Fact[];
}

/** JSON values, so that an error's data can be sent anywhere. */
export type ErrorValue =
  | string
  | number
  | boolean
  | null
  | readonly ErrorValue[]
  | { readonly [key: string]: ErrorValue };

/** The names and types of the facts in the `data` of errors about models. */
export interface ModelErrorFacts {
  readonly file: string;
  readonly graph: string;
  readonly node: string;
  readonly nodes: readonly string[];
  readonly operator: string;
  readonly operators: readonly string[];
  readonly attribute: string;
  /** Values of the graph, by name. */
  readonly tensors: readonly string[];
  /** The place in a file, in words, such as `the graph input "x"`. */
  readonly place: string;
  readonly argument: string;
  readonly location: string;
  readonly reason: string;
  readonly found: ErrorValue;
  readonly expected: ErrorValue;
}

/** The codes of all errors about models, in whichever package they are found. */
export const modelErrors = {
  "damaged-model": {
    cause: "The bytes are not an ONNX model, are cut off, or contradict themselves.",
    remedy: "Check that the file is complete; download or export it again.",
    data: ["reason"],
  },
  "unsupported-opset": {
    cause: "The model uses an ONNX opset outside the supported range, or an operator that the requested opset lacks.",
    remedy: "Export the model again with opset_version=17, or ask for a newer opset when writing.",
    data: ["found", "expected"],
  },
  "unsupported-operator": {
    cause: "The model has operators, functions or control flow that are not supported.",
    remedy: "Export the model with other layers, or without control flow, functions and custom operators.",
    data: ["operators", "nodes"],
  },
  "unsupported-type": {
    cause: "A tensor has an element type that is not supported, or a value is not a tensor.",
    remedy: "Convert the model to float32 and export it again; integers and booleans may stay.",
    data: ["place", "found"],
  },
  "unsupported-form": {
    cause: "The model stores something in a form that is not supported, such as sparse or segmented tensors.",
    remedy: "Do what the message says, usually to export the model again in evaluation mode and with dense tensors.",
    data: ["place"],
  },
  "external-data": {
    cause: "The model keeps tensors in another file, which is not available.",
    remedy: "Put the data file beside the model, or save the model as one file.",
    data: ["place", "location"],
  },
  "operator-mismatch": {
    cause: "The inputs, attributes or shapes of a node do not fit its operator.",
    remedy: "Correct the node that the message names in the program that made the model.",
    data: ["operator", "node", "found", "expected"],
  },
  "malformed-graph": {
    cause:
      "A graph breaks a rule: a name is used twice, a value is read before it is computed, or data does not fit its shape.",
    remedy: "Correct the graph where the message points.",
    data: ["reason"],
  },
  "unknown-tensor": {
    cause: "A graph has no value of the given name, or its type is unknown.",
    remedy: "Use a name of the graph; printGraph lists them.",
    data: ["graph", "tensors"],
  },
  "symbolic-shape": {
    cause: "A size is needed as a number, but the graph leaves it open.",
    remedy: "Export the model with fixed sizes for all axes except the batch.",
    data: ["operator", "node", "found"],
  },
  "not-differentiable": {
    cause:
      "A gradient was requested that does not exist: the loss is not a scalar, does not depend on the parameter, or passes through an operator without a gradient.",
    remedy: "Leave the parameter out, or use operators that have a gradient.",
    data: ["graph"],
  },
  "graph-argument": {
    cause: "A function on graphs was called with an argument outside its range.",
    remedy: "Pass an argument in the range that the message states.",
    data: ["argument", "found", "expected"],
  },
  "model-too-large": {
    cause: "The constants of the graph need more bytes than an ONNX file can hold.",
    remedy: "Use a smaller model; a protobuf file ends at 2 GiB.",
    data: ["graph", "found", "expected"],
  },
  "not-a-classifier": {
    cause: "The network does not take one image and give logits [N, classes].",
    remedy: "Export an image classifier with one float32 input [N, C, H, W] and one output of logits.",
    data: ["graph", "found", "expected"],
  },
  "unreadable-sbq": {
    cause: "A `.sbq` file is damaged, cut off, or of another version of the format.",
    remedy: "Fetch the file again, or write it again with this version.",
    data: ["file", "place", "reason"],
  },
  "no-integer-form": {
    cause: "The integer engine has no operator for these nodes, or none with these attributes.",
    remedy: "Remove the nodes or replace them by supported ones.",
    data: ["operators", "nodes"],
  },
  "no-tflite-form": {
    cause: "TensorFlow Lite has no operator for these nodes, or activations have fewer than 8 bits.",
    remedy: "Quantize activations to 8 bits, or remove the nodes that the message names.",
    data: ["operators", "nodes"],
  },
  "not-quantizable": {
    cause: "A layer cannot be quantized: its weights are computed, have another layout, or do not fit the integers.",
    remedy: "Export the layer with constant weights in the layout that the message states.",
    data: ["operator", "node"],
  },
  "missing-fake-quant": {
    cause: "A value that integers must hold has no FakeQuant node, so that its scale is unknown.",
    remedy: "Insert FakeQuant nodes with a bit policy before lowering.",
    data: ["operator", "node"],
  },
  "no-batch-norm": {
    cause:
      "Calibration images cannot be synthesized, because the network has no batch normalization to take statistics from.",
    remedy: "Give the checkpoint instead of an ONNX file with folded normalization, or give images.",
    data: ["graph"],
  },
  "not-finite": {
    cause: "The network computes NaN or infinite values on the given images.",
    remedy: "Check the weights and the normalization, mean and std.",
    data: ["tensors"],
  },
  "runtime-refused": {
    cause: "ONNX Runtime cannot load or run the model.",
    remedy: "Check the model with onnx.checker; the message quotes what ONNX Runtime says.",
    data: ["place", "reason"],
  },
} as const satisfies Readonly<Record<string, ErrorEntry<keyof ModelErrorFacts>>>;

/** A code of `ModelError`. */
export type GraphErrorCode = keyof typeof modelErrors;

/** The data of an error: the facts that its code always carries, and any others. */
export type ErrorData<
  Facts,
  Table extends Readonly<Record<string, ErrorEntry>>,
  Code extends keyof Table = keyof Table,
> = Code extends keyof Table ? Partial<Facts> & Pick<Facts, Table[Code]["data"][number] & keyof Facts> : never;

/** The arguments of an error's constructor: a code, the data of this code, and a sentence. */
export type ErrorArguments<Facts, Table extends Readonly<Record<string, ErrorEntry>>> = {
  [Code in keyof Table]: [
    code: Code,
    data: ErrorData<Facts, Table, Code>,
    message: string,
    options?: ErrorOptions | undefined,
  ];
}[keyof Table];

/** The data of a `ModelError` with this code. */
export type GraphErrorData<Code extends GraphErrorCode = GraphErrorCode> = ErrorData<
  ModelErrorFacts,
  typeof modelErrors,
  Code
>;
