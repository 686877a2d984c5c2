/**
 * @file Pending values: values of the quantized graph that have no codes yet while the graph is lowered.
 *
 * Between two FakeQuant nodes a value has no codes of its own: a convolution, the addition that follows and the ReLU
 * after that become one engine operator. Such a value is *pending*. The FakeQuant that ends the chain gives it a scale
 * and a bit width, and only then is an operator emitted.
 */

import type { OutputRange, TensorId } from "@subbyte/engine";
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

/** Codes that an operator has already written. */
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

/** A function of one stored tensor that is not a clamp; it will become a table. */
export interface PendingFunction extends Clamped {
  readonly kind: "function";
  readonly node: Node;
  readonly input: TensorId;
  /** The function's values, for all channels or per channel. */
  readonly tabulate: (xs: readonly number[]) => readonly Float64Array[];
}

/** An operator that only needs to know where its codes go. */
export interface PendingOperator extends Clamped {
  readonly kind: "operator";
  /** Emits the operator. */
  store(output: TensorId, range: OutputRange): void;
}

export type Pending = PendingImage | StoredCodes | PendingProduct | PendingFunction | PendingOperator;
