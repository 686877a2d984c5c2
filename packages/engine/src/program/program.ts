/**
 * @file The program that a `.sbq` file holds and the engine runs: integer operators over quantized tensors.
 *
 * Shapes leave the batch out: `[C, H, W]` for feature maps, `[C]` for vectors; the engine is free to lay codes out as it
 * likes. The arithmetic of every operator is fixed bit for bit; the rule numbers below are those of `docs/arithmetic.md`.
 */

/** A quantized activation: real = scale · (q − zeroPoint), q an unsigned code of `bits` bits. */
export interface QuantizedTensor {
  readonly name: string;
  /** `[C, H, W]` or `[C]`. */
  readonly shape: readonly number[];
  /** 2 … 8. */
  readonly bits: number;
  /** Finite, positive, normal float32 (`Math.fround(scale) === scale`). */
  readonly scale: number;
  /** Integer in [0, 2^bits − 1]. */
  readonly zeroPoint: number;
}

/** Index into `Program.tensors`. */
export type TensorId = number;

/** Clamp bounds on output codes; ReLU, ReLU6 and clipping are these integers (rule 5). 0 ≤ lo ≤ hi ≤ 2^bits − 1. */
export interface OutputRange {
  readonly lo: number;
  readonly hi: number;
}

/** Signed weight codes, one byte a code in memory (`Int8Array`), packed at `bits` in the file (rule 2). */
export interface QuantizedWeights {
  /** 2 … 8. */
  readonly bits: number;
  /** Convolution: `[O, I / groups, kh, kw]`; linear: `[O, I]`. */
  readonly shape: readonly number[];
  readonly codes: Int8Array;
  /** float32 scale for each output channel, length O. */
  readonly scales: Float32Array;
}

/**
 * The second operand of an addition that is fused into a convolution, before rounding (rule 6). It has the shape of the
 * convolution's output and stands in the program before it; its width, scale and zero point are its own.
 */
export interface Residual {
  readonly tensor: TensorId;
}

export interface ConvOperator extends OutputRange {
  readonly op: "conv";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly weights: QuantizedWeights;
  /** int32 at scale s_x·s_w[c], length O, without the zero-point term (rule 3). */
  readonly bias: Int32Array;
  readonly strides: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
  readonly groups: number;
  readonly residual?: Residual;
}

/**
 * y = W·x + b over a `[C]` tensor. With `output`, `lo` and `hi` the result is codes (rule 5); without all three it is the
 * program's float32 logits (rule 10).
 */
export interface LinearOperator {
  readonly op: "linear";
  readonly name: string;
  readonly input: TensorId;
  readonly output?: TensorId;
  readonly lo?: number;
  readonly hi?: number;
  readonly weights: QuantizedWeights;
  readonly bias: Int32Array;
}

/** Change of scale or width (rule 7). */
export interface RescaleOperator extends OutputRange {
  readonly op: "rescale";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
}

/** Any other unary step: output code = table[input code]; 2^bits(input) entries, stored in the file (rule 7). */
export interface TableOperator {
  readonly op: "table";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly table: Uint8Array;
}

/** Addition of two stored tensors (rule 6, last sentence). */
export interface AddOperator extends OutputRange {
  readonly op: "add";
  readonly name: string;
  readonly inputs: readonly [TensorId, TensorId];
  readonly output: TensorId;
}

/**
 * Maximum over windows; padded elements do not take part (rule 9). Output sizes follow ONNX, rounded down or up
 * (`ceil_mode`), as the output's shape says. Input and output share width, scale and zero point.
 */
export interface MaxPoolOperator {
  readonly op: "maxPool";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
}

/**
 * Average over windows (rule 9); output sizes as for MaxPool. Global average pooling has the kernel of the whole map and may
 * drop H and W from its output.
 */
export interface AveragePoolOperator extends OutputRange {
  readonly op: "averagePool";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  /** The divisor counts positions of `pads` too, though never those beyond them that rounding up adds. */
  readonly countIncludePad: boolean;
}

/** Concatenation along the first axis (channels); inputs already have the output's scale, zero point and width (rule 9). */
export interface ConcatOperator {
  readonly op: "concat";
  readonly name: string;
  readonly inputs: readonly TensorId[];
  readonly output: TensorId;
}

/** Moves codes: output[i] = input[starts + i · steps], an entry an axis; steps are at least 1, the output's shape says where it ends. */
export interface SliceOperator {
  readonly op: "slice";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly starts: readonly number[];
  readonly steps: readonly number[];
}

/** Moves codes; new elements are the zero point. `before[i]` and `after[i]` count elements along axis i. */
export interface PadOperator {
  readonly op: "pad";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Same codes in row-major order under another shape (Reshape, Flatten). */
export interface ReshapeOperator {
  readonly op: "reshape";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
}

export interface TransposeOperator {
  readonly op: "transpose";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly permutation: readonly number[];
}

/** A stored `[classes]` tensor read back as float32 logits (rule 10). */
export interface DequantizeOperator {
  readonly op: "dequantize";
  readonly name: string;
  readonly input: TensorId;
}

export type Operator =
  | ConvOperator
  | LinearOperator
  | RescaleOperator
  | TableOperator
  | AddOperator
  | MaxPoolOperator
  | AveragePoolOperator
  | ConcatOperator
  | SliceOperator
  | PadOperator
  | ReshapeOperator
  | TransposeOperator
  | DequantizeOperator;

/** The name of an operator, the key of every table about operators. */
export type OperatorType = Operator["op"];

/** How decoded images become the input tensor (rule 8). */
export interface Preprocessing {
  /** Channels of the input, 1 (grey) or 3 (RGB). */
  readonly channels: 1 | 3;
  /** Height and width that the network takes. */
  readonly height: number;
  readonly width: number;
  /**
   * `"exact"`: images must have this size. Otherwise the shorter side is resized to `resizeTo` (antialiased bilinear) and the
   * centre is cropped.
   */
  readonly resize: "exact" | "shorter-side";
  /** With `"shorter-side"` only: at least `height` and `width`. */
  readonly resizeTo?: number;
  /** Per channel, in units of pixel / 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Where a model came from; free-form JSON, at most 8 levels deep, but for the fields named. */
export interface Provenance {
  readonly command?: string;
  readonly seed?: number;
  readonly source?: string;
  /** Hexadecimal SHA-256 of the source file. */
  readonly sourceHash?: string;
  readonly method?: string;
  /** Measured top-1 accuracies in [0, 1] by name of data set and split. */
  readonly accuracy?: Readonly<Record<string, number>>;
  readonly [key: string]: Json | undefined;
}

export interface Program {
  readonly name: string;
  readonly tensors: readonly QuantizedTensor[];
  /** The tensor that the input tables fill. */
  readonly input: TensorId;
  /** For each channel the 256 codes of bytes 0 … 255 (rule 8). */
  readonly inputTables: readonly Uint8Array[];
  /** In execution order; the last one yields the float32 logits, `[classes]`. */
  readonly operators: readonly Operator[];
  readonly classes: number;
  readonly labels?: readonly string[];
  readonly preprocessing: Preprocessing;
  readonly provenance: Provenance;
}
