/** @file Rules: a pattern, a condition, and the nodes that replace the match. */

import type { Attributes, Graph, Node, Tensor, TensorType } from "../ir/types.js";
import type { Uses } from "../ir/uses.js";
import type { Match, NodePattern } from "./pattern.js";

/** Why a rule that matched was not applied, for `trace`. */
export interface Skip {
  readonly reason: string;
}

/** Returned by a rule's `rewrite` if the pattern matches but the rule cannot be applied. */
export const skip = (reason: string): Skip => ({ reason });

/**
 * The functions that a rule may use to query the graph and build nodes. New nodes take the place of the root of the
 * match.
 */
export interface RewriteContext {
  /** The graph in which the match was found. */
  readonly graph: Graph;
  readonly uses: Uses;
  /** Inferred type of a value of that graph; undefined if it is not known. */
  type(value: string): TensorType | undefined;
  /** The constant with this name in that graph; undefined for other values. */
  tensor(value: string): Tensor | undefined;
  /**
   * Adds a node with one output and returns the name of the output. The node gets the name of `origin`, one of the
   * matched nodes.
   */
  node(origin: Node, op: string, inputs: readonly string[], attributes?: Attributes, domain?: string): string;
  /** Adds a constant under `name`, or under a similar name if that is taken. */
  constant(tensor: Tensor, name: string): string;
  /** Adds a constant that replaces another. It also gets its name, if nothing else reads the other constant. */
  replaceConstant(name: string, tensor: Tensor): string;
}

/** A rewriting: a pattern, and a function that builds the replacement. */
export interface Rule {
  readonly name: string;
  readonly match: NodePattern;
  /**
   * Builds the replacement and returns the value that replaces the first output of the root: a value of a new node, or
   * an existing one.
   */
  rewrite(match: Match, context: RewriteContext): string | Skip;
}
