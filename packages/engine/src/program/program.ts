/**
 * @file The type of programs: integer operators over quantized tensors, which a `.sbq` file stores and the engine runs.
 *
 * Shapes leave the batch out: `[C, H, W]` for feature maps, `[C]` for vectors. The engine may store codes in any layout. The
 * arithmetic of every operator is fixed bit for bit; the rule numbers below are those of `docs/arithmetic.md`.
 */

import type { OperatorOf } from "../operators/definition.js";
import type { Operators } from "../operators/index.js";

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

/** Signed weight codes, one byte per code in memory (`Int8Array`), packed at `bits` bits in the file (rule 2). */
export interface QuantizedWeights {
  /** 2 … 8. */
  readonly bits: number;
  /** Convolution: `[O, I / groups, kh, kw]`; linear: `[O, I]`. */
  readonly shape: readonly number[];
  readonly codes: Int8Array;
  /** float32 scale per output channel, length O. */
  readonly scales: Float32Array;
}

/** An operator of the engine; each is described in a file of `operators/`. */
export type Operator = OperatorOf<Operators>;

/** The name of an operator; tables about operators have these keys. */
export type OperatorType = Operator["op"];

/** The type of the operator with this name. */
export type OperatorNamed<Name extends OperatorType> = Extract<Operator, { readonly op: Name }>;

/** How decoded images become the input tensor (rule 8). */
export interface Preprocessing {
  /** Channels of the input, 1 (grey) or 3 (RGB). */
  readonly channels: 1 | 3;
  /** Height and width of the network's input. */
  readonly height: number;
  readonly width: number;
  /**
   * `"exact"`: images must have this size. Otherwise the shorter side is resized to `resizeTo` (antialiased bilinear) and the
   * centre is cropped.
   */
  readonly resize: "exact" | "shorter-side";
  /** Pixels of the shorter side after resizing, at least `height` and `width`; only with `"shorter-side"`. */
  readonly resizeTo?: number;
  /** Per channel, in units of pixel / 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The origin of a model: free-form JSON, at most 8 levels deep, except for the fields below. */
export interface Provenance {
  readonly command?: string;
  readonly seed?: number;
  readonly source?: string;
  /** Hexadecimal SHA-256 of the source file. */
  readonly sourceHash?: string;
  readonly method?: string;
  /** Measured top-1 accuracies in [0, 1], by name of data set and split. */
  readonly accuracy?: Readonly<Record<string, number>>;
  readonly [key: string]: Json | undefined;
}

/** How class probabilities come from logits: classes exclude each other (softmax), or each is decided by itself (sigmoid). */
export type Probabilities = "softmax" | "sigmoid";

/**
 * A quantized network in the form that the engine runs: tensors, operators in order, input tables, preprocessing. `readSbq`
 * returns one.
 */
export interface Program {
  readonly name: string;
  readonly tensors: readonly QuantizedTensor[];
  /** The tensor that the input tables fill. */
  readonly input: TensorId;
  /** For each channel, the 256 codes of bytes 0 … 255 (rule 8). */
  readonly inputTables: readonly Uint8Array[];
  /** In execution order; the last one yields the float32 logits, `[classes]`. */
  readonly operators: readonly Operator[];
  readonly classes: number;
  readonly labels?: readonly string[];
  /** `"softmax"` by default. */
  readonly probabilities?: Probabilities;
  readonly preprocessing: Preprocessing;
  readonly provenance: Provenance;
}
