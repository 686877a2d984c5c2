/** @file The definition of an operator. Each operator is one file beside this one and one line in `index.ts`. */

import type { GraphBuilder } from "../ir/builder.js";
import type { Attributes, Dim, Node, Tensor, TensorType } from "../ir/types.js";

/** The information that shape inference may use. Absent optional inputs are `undefined`. */
export interface InferContext {
  readonly node: Node;
  readonly inputs: readonly (TensorType | undefined)[];
  /** The constant of an input (Reshape's shape, Slice's bounds…); undefined if the input is computed. */
  constant(index: number): Tensor | undefined;
  /** The elements of an int64 vector as dimensions: a constant's numbers, or what Shape returned, symbols included. */
  dims(index: number): readonly Dim[] | undefined;
}

/** The information and functions that a gradient rule may use. */
export interface GradientContext {
  readonly node: Node;
  /** Nodes appended here compute the gradients. */
  readonly g: GraphBuilder;
  /** Inferred type of a value of the forward graph; shapes are complete up to the symbolic batch. */
  type(value: string): TensorType;
  /** The constant of this name; undefined if the value is computed. */
  constant(value: string): Tensor | undefined;
  /** Gradient of each output of the node; `undefined` if the loss does not depend on it. */
  readonly outputGradients: readonly (string | undefined)[];
  /** Which inputs need a gradient; rules skip the work for the others. */
  readonly needed: readonly boolean[];
}

/** One operator: how its types are inferred, what it computes, and its gradient. */
export interface OperatorDefinition {
  readonly op: string;
  readonly domain?: string;
  /** Attribute defaults as the ONNX specification gives them. */
  readonly defaults?: Attributes;
  /** Number of inputs, from the first, that must be given; 1 by default. Checked before `infer` and `evaluate` are called. */
  readonly required?: number;
  /** Every element of the output depends on the elements at its place alone (after broadcasting). */
  readonly elementwise?: true;
  /** The inputs that hold positions, axes or sizes: int64 or int32. */
  readonly integers?: readonly number[];
  /**
   * The types of the outputs.
   *
   * @throws {ModelError} if inputs do not fit; the message names the node, what was found, and what is needed
   */
  infer(context: InferContext): readonly TensorType[];
  /** The reference: plain loops in float64 or exact integers. Constant folding and gradient tests run it. */
  evaluate?(node: Node, inputs: readonly (Tensor | undefined)[]): readonly Tensor[];
  /**
   * The form of the node whose gradient can be computed, if the plain form returns too little (MaxPool needs its
   * Indices). `fresh` creates names for additional outputs.
   */
  differentiable?(node: Node, fresh: (stem: string) => string): Node;
  /** Names of the gradients of the inputs, `undefined` if there is none or it is not needed. */
  gradient?(context: GradientContext): readonly (string | undefined)[];
}
