/** @file Shared code of the rules that convert operators of other opsets to the form of the IR. */

import { ModelError } from "../errors.js";
import type { Node, Tensor } from "../ir/types.js";

/** The functions with which a rule builds its result. */
export interface Rewriting {
  /** Adds a constant and returns its name. */
  constant(stem: string, tensor: Tensor): string;
  /** A value name that no other value has. */
  value(stem: string): string;
  /** A node name that no other node has. */
  node(stem: string): string;
}

/** @throws {ModelError} always; its message names the node, then has the sentence */
export function refuse(node: Node, sentence: string): never {
  const place = `${node.op} "${node.name}"`;
  throw new ModelError("unsupported-form", { place }, `${place} ${sentence}`);
}
