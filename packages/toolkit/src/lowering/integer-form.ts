/** @file What is said of an operator of the graph that runs on integers: its role in quantization, and its lowering. */

import type { OperatorType } from "@subbyte/engine";
import type { LowerOperator } from "./lowering.js";

/**
 * - `layer`: integer products with weights;
 * - `mover`: only moves (or compares) codes, the output shares scale, zero point and bit width with the input;
 * - `clamp`: becomes the bounds `lo` and `hi` of the operator before it;
 * - `add`: residual addition;
 * - `multiply`: product of two activations;
 * - `table`: any other function of one activation, one stored output code for each input code;
 * - `inner`: an operator of such a function whose result stands nowhere else;
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

/** An integer form with the names of what it makes. */
export const integerForm = <const Made extends OperatorType>(form: IntegerForm<Made>): IntegerForm<Made> => form;
