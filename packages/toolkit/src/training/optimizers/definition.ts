/**
 * @file The interface of optimizers. An optimizer adds its update rule to the training graph, so that one run of the
 * graph is one step.
 */

import type { GraphBuilder } from "@subbyte/graph";

/** Names of the values that an update of one parameter may read; all tensors have the parameter's shape. */
export interface UpdateContext {
  readonly parameter: string;
  readonly gradient: string;
  /** The parameter's state, in the order of `slots`. */
  readonly state: readonly string[];
  /** float32 scalars, in the order of `scalars`. */
  readonly scalars: readonly string[];
  /** λ of weight decay; 0 for none. */
  readonly weightDecay: number;
}

/** Names of the new parameter and of the new optimizer state in the step graph. */
export interface Update {
  readonly parameter: string;
  readonly state: readonly string[];
}

/**
 * An optimizer. If all gradients were zero from the start, its update multiplies a parameter by a factor that does
 * not depend on the parameter's value.
 */
export interface Optimizer {
  /** Identifies rule and hyperparameters; a checkpoint with another description is refused. */
  readonly description: string;
  /** State tensors of each parameter; they start as zeros. */
  readonly slots: readonly string[];
  /** Scalar inputs that change from step to step. */
  readonly scalars: readonly string[];
  /** Values of the scalars at step `t` = 1, 2, … */
  values(learningRate: number, t: number): readonly number[];
  /** Appends the update of one parameter to the step graph. */
  update(g: GraphBuilder, context: UpdateContext): Update;
}
