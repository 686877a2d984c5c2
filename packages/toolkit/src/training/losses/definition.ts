/** @file The interface of a loss: nodes that compare the network's output with what it should be, appended to the step's graph. */

import type { GraphBuilder } from "@subbyte/graph";

/** The inputs from which a loss is built. */
export interface LossContext {
  readonly g: GraphBuilder;
  /** The network's first output. */
  readonly output: string;
  /** Shape of the output, the batch size included. */
  readonly shape: readonly number[];
  /** Input with the class indices, int64 `[n]`; it is added when a loss first asks for it. */
  labels(): string;
  /** Input that the output is compared with, float32 in the output's shape; made if a loss first asks for it. */
  target(): string;
}

/** A loss that can be appended to a graph. */
export interface Loss {
  /** Identifies the loss and its constants; a checkpoint that was made with another one is refused. */
  readonly description: string;
  /** Appends the loss and returns the name of its value, a float32 scalar. */
  append(context: LossContext): string;
}
