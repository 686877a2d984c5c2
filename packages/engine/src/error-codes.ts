/**
 * @file The codes of the engine's errors, as data: docs/errors.md is generated from these tables.
 */

/** The description of one error code. */
export interface ErrorEntry<Fact extends string = string> {
  /** The cause, as one sentence. */
  readonly cause: string;
  /** The remedy, as one sentence. */
  readonly remedy: string;
  /** The members of `data` that are always there. */
  readonly data: readonly Fact[];
}

/** JSON values, so that the data of an error can be sent anywhere. */
export type ErrorValue =
  | string
  | number
  | boolean
  | null
  | readonly ErrorValue[]
  | { readonly [key: string]: ErrorValue };

/** The names and types of the facts in the `data` of the engine's errors. */
export interface EngineErrorFacts {
  /** The place in a `.sbq` file or program, e.g. `operators[3].weights.offset`. */
  readonly field: string;
  /** Address from which a model was fetched. */
  readonly source: string;
  /** HTTP status of an answer. */
  readonly status: number;
  readonly argument: string;
  readonly reason: string;
  readonly found: ErrorValue;
  readonly expected: ErrorValue;
  /** A limit that was exceeded, in the unit of `found`. */
  readonly limit: number;
}

type Table = Readonly<Record<string, ErrorEntry<keyof EngineErrorFacts>>>;

/** The codes of `FormatError` (not a valid `.sbq` file), with cause, remedy and data. */
export const formatErrors = {
  "not-sbq": {
    cause: "The file does not start as a `.sbq` file does.",
    remedy: "Give a file that the task `quantize` or `qat` wrote.",
    data: ["field"],
  },
  "sbq-version": {
    cause: "The file has another version of the format than this engine reads.",
    remedy: "Use a newer engine, or write the file again.",
    data: ["field", "found", "expected"],
  },
  "damaged-sbq": {
    cause: "The file is cut off or its bytes have changed: a length, an offset or a checksum does not fit.",
    remedy: "Fetch or copy the file again.",
    data: ["field"],
  },
  "invalid-program": {
    cause: "A field of the file or program breaks a rule of the format (docs/sbq-format.md).",
    remedy: "Write the file again with this version; correct the field if another program wrote it.",
    data: ["field"],
  },
  "program-too-large": {
    cause: "The file or the program needs more memory or operations than is allowed.",
    remedy: "Raise maxBytes if you trust the file.",
    data: ["field", "found", "limit"],
  },
} as const satisfies Table;

/** The codes of `InputError` (a wrong argument or image), with cause, remedy and data. */
export const inputErrors = {
  "image-size": {
    cause: "The image has another size than the model takes, and the model does not resize.",
    remedy: "Resize the image to the expected width and height.",
    data: ["found", "expected"],
  },
  "input-length": {
    cause: "The array has another number of elements than one or several whole images.",
    remedy: "Resize the images, or use classify, which does so.",
    data: ["found", "expected"],
  },
  "input-value": {
    cause: "An element of the input is NaN or a code out of range.",
    remedy: "Check the numbers that are passed to run.",
    data: ["found", "expected"],
  },
  "image-invalid": {
    cause: "The value is not an image, or its bytes do not fit its height, width and channels.",
    remedy: "Pass { data, width, height, channels } with 1, 3 or 4 channels and one byte per channel and pixel.",
    data: ["found", "expected"],
  },
  "image-unreadable": {
    cause: "The browser cannot decode the image.",
    remedy: "Check that the file is a complete image in a format that the browser knows.",
    data: ["reason"],
  },
  "no-image-decoder": {
    cause: "Images cannot be decoded here: there is no browser, or it gives no canvas.",
    remedy: "Pass decoded bytes { data, width, height, channels }.",
    data: [],
  },
  "engine-argument": {
    cause: "A function of the engine or of the server was called with an argument or option out of range.",
    remedy: "Pass a value in the range that the message states.",
    data: ["argument", "found", "expected"],
  },
  "model-disposed": {
    cause: "The model was used after dispose().",
    remedy: "Load the model again.",
    data: [],
  },
} as const satisfies Table;

/** The codes of `LoadError` (a file that cannot be fetched), with cause, remedy and data. */
export const loadErrors = {
  "fetch-failed": {
    cause: "The model file could not be read or fetched.",
    remedy: "Check the path or address, the network, and the server's answer.",
    data: ["source"],
  },
  "download-too-large": {
    cause: "The model file is larger than maxBytes.",
    remedy: "Raise maxBytes if you trust the source.",
    data: ["source", "found", "limit"],
  },
} as const satisfies Table;

/** The codes of `EnvironmentError` (a machine or page that lacks something), with cause, remedy and data. */
export const environmentErrors = {
  "no-simd": {
    cause: "This JavaScript engine lacks the WebAssembly SIMD instructions that the kernels need.",
    remedy: 'Use a newer browser or Node, the tier "simd" instead of "relaxed" or "fused", or createReference.',
    data: [],
  },
  "no-wide-vectors": {
    cause: "Wide vectors were asked for, and this machine, page or version of Node has none.",
    remedy: "Use Node 24 or newer on x64, or leave wideVectors out: the result is the same.",
    data: ["reason"],
  },
  "wasm-blocked": {
    cause: "WebAssembly cannot be compiled here, as under a page's security policy without wasm-unsafe-eval.",
    remedy: "Add 'wasm-unsafe-eval' to script-src of the page's Content-Security-Policy.",
    data: ["reason"],
  },
  "worker-failed": {
    cause: "A worker could not be started, or ended unexpectedly.",
    remedy:
      "Check that the worker's script is served and allowed by the page's security policy, or pass worker: false.",
    data: ["reason"],
  },
  "thread-lost": {
    cause: "A thread of the engine does not answer any more.",
    remedy: "Load the model again.",
    data: [],
  },
} as const satisfies Table;

/** All codes of the engine, with cause, remedy and data. */
export const engineErrors = { ...formatErrors, ...inputErrors, ...loadErrors, ...environmentErrors };

/** A code of `FormatError`. */
export type FormatErrorCode = keyof typeof formatErrors;
/** A code of `InputError`. */
export type InputErrorCode = keyof typeof inputErrors;
/** A code of `LoadError`. */
export type LoadErrorCode = keyof typeof loadErrors;
/** A code of `EnvironmentError`. */
export type EnvironmentErrorCode = keyof typeof environmentErrors;
/** A code of any error of the engine. */
export type EngineErrorCode = keyof typeof engineErrors;

/** The data of an error: the facts that its code always carries, and any others. */
export type EngineErrorData<Code extends EngineErrorCode = EngineErrorCode> = Code extends EngineErrorCode
  ? Partial<EngineErrorFacts> & Pick<EngineErrorFacts, (typeof engineErrors)[Code]["data"][number]>
  : never;

/** The arguments of a constructor: a code, the data of this code, and a sentence. */
export type EngineErrorArguments<Code extends EngineErrorCode> = {
  [C in Code]: [code: C, data: EngineErrorData<C>, message: string, options?: ErrorOptions | undefined];
}[Code];
