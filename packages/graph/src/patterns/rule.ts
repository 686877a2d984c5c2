/** @file Rules: a pattern, a condition, and the nodes that take the pattern's place. */

import type { Attributes, Graph, Node, Tensor, TensorType } from "../ir/types.js";
import type { Uses } from "../ir/uses.js";
import type { Match, NodePattern } from "./pattern.js";

/** Why a rule that matched was not applied, for `trace`. */
export interface Skip {
  readonly reason: string;
}

/** Returned by a rule's `rewrite` where the match is right and the circumstances are not. */
export const skip = (reason: string): Skip => ({ reason });

/**
 * The functions that a rule may use to query the graph and build nodes. New nodes take the place of the root of the
 * match.
 */
export interface RewriteContext {
  /** As it was matched. */
  readonly graph: Graph;
  readonly uses: Uses;
  /** Inferred type of a value of the graph as it was matched; undefined where it is not known. */
  type(value: string): TensorType | undefined;
  /** The constant of the name in the graph as it was matched; undefined for other values. */
  tensor(value: string): Tensor | undefined;
  /**
   * Adds a node with one output and returns the name of the output. The node gets the name of `origin`, one of the
   * matched nodes.
   */
  node(origin: Node, op: string, inputs: readonly string[], attributes?: Attributes, domain?: string): string;
  /** Adds a constant under `name`, or a name like it where that is taken. */
  constant(tensor: Tensor, name: string): string;
  /** Adds a constant that takes the place, and the name where nothing else reads it, of another. */
  replaceConstant(name: string, tensor: Tensor): string;
}

/** A rewriting: a pattern, and how to build what takes its place. */
export interface Rule {
  readonly name: string;
  readonly match: NodePattern;
  /**
   * Builds the replacement and returns the value that replaces the first output of the root: a value of a new node, or
   * an existing one.
   */
  rewrite(match: Match, context: RewriteContext): string | Skip;
}
