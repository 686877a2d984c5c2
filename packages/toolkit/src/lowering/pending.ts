/**
 * @file What a value of the quantized graph stands for while it is lowered.
 *
 * Between two FakeQuant nodes a value has no codes of its own: a convolution's result, the sum that it feeds and the ReLU after
 * that become one engine operator. Such a value is *pending*; the FakeQuant that ends the chain gives it scale and width, and only
 * then an operator is emitted.
 */

import type { TensorId } from "@subbyte/engine";
import type { Node } from "@subbyte/graph";
import type { FakeQuant } from "../quantization/fake-quant.js";

/** Real bounds that later become `lo` and `hi`. */
export interface Clamp {
  readonly low: number;
  readonly high: number;
}

export const unclamped: Clamp = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

interface Clamped {
  readonly clamp: Clamp;
}

/** The network's input, before it has codes. */
export interface PendingImage extends Clamped {
  readonly kind: "image";
}

/** Codes that some operator has written. */
export interface StoredCodes extends Clamped {
  readonly kind: "stored";
  readonly tensor: TensorId;
}

/** A convolution or linear layer, perhaps with a residual to add. */
export interface PendingProduct extends Clamped {
  readonly kind: "product";
  readonly node: Node;
  readonly input: TensorId;
  readonly weights: FakeQuant;
  readonly residual?: TensorId;
}

export interface PendingSum extends Clamped {
  readonly kind: "sum";
  readonly node: Node;
  readonly inputs: readonly [TensorId, TensorId];
}

export interface PendingAverage extends Clamped {
  readonly kind: "average";
  readonly node: Node;
  readonly input: TensorId;
}

/** A unary function that is neither affine nor a clamp. */
export interface PendingFunction extends Clamped {
  readonly kind: "function";
  readonly node: Node;
  readonly input: TensorId;
  readonly evaluate: (x: number) => number;
}

export interface PendingConcat extends Clamped {
  readonly kind: "concat";
  readonly node: Node;
  readonly inputs: readonly TensorId[];
}

export type Pending =
  | PendingImage
  | StoredCodes
  | PendingProduct
  | PendingSum
  | PendingAverage
  | PendingFunction
  | PendingConcat;
