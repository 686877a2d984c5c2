/** @file The interface of a loss: nodes that compare the network's output with a target, appended to the step's graph. */

import type { GraphBuilder } from "@subbyte/graph";

/** The inputs from which a loss is built. */
export interface LossContext {
  readonly g: GraphBuilder;
  /** The network's first output. */
  readonly output: string;
  /** Shape of the output, the batch size included. */
  readonly shape: readonly number[];
  /** Input with the class indices, int64 `[n]`; it is added if a loss requests it. */
  labels(): string;
  /** Input with the target, float32 in the output's shape; it is added if a loss requests it. */
  target(): string;
}

/** A loss that can be appended to a graph. */
export interface Loss {
  /** Identifies the loss and its constants; a checkpoint with another one is refused. */
  readonly description: string;
  /** Appends the loss and returns the name of its value, a float32 scalar. */
  append(context: LossContext): string;
}
