/** @file The integer form of a graph operator: its role in quantization, and its lowering. */

import type { OperatorType } from "@subbyte/engine";
import type { LowerOperator } from "./lowering.js";

/**
 * - `layer`: integer products with weights;
 * - `mover`: only moves (or compares) codes; scale, zero point and bit width of the output are those of the input;
 * - `clamp`: becomes the bounds `lo` and `hi` of the operator before it;
 * - `add`: residual addition;
 * - `multiply`: product of two activations;
 * - `table`: any other function of one activation, with one stored output code per input code;
 * - `inner`: an operator inside such a function, whose result is not stored;
 * - `pool`: averages;
 * - `concat`: joins along channels.
 */
export type Role = "layer" | "mover" | "clamp" | "add" | "multiply" | "table" | "inner" | "pool" | "concat";

export interface IntegerForm<Made extends OperatorType = OperatorType> {
  readonly role: Role;
  /** Operators of the engine that the lowering may emit. */
  readonly makes: readonly Made[];
  readonly lower: LowerOperator;
}

/** An integer form, with the names of the engine operators that it makes. */
export const integerForm = <const Made extends OperatorType>(form: IntegerForm<Made>): IntegerForm<Made> => form;
