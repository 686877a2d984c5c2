/** @file Explains one pass of the ONNX import: the nodes that it changed, and those that it left unchanged, with the reason. */

import { type Graph, importPasses, type PassEvent, printNode } from "@subbyte/graph";
import { UsageError } from "../errors.js";
import type { OpenedModel } from "../model-file/index.js";

/** A match of a rule of the pass. */
export interface ExplainedMatch {
  readonly rule: string;
  /** Operator and name of the last node that the pattern matched. */
  readonly op: string;
  readonly node: string;
  /** The reason why the rule was not applied; absent if it was. */
  readonly reason?: string;
}

/** The effect of one pass of the import on a model. */
export interface PassExplanation {
  readonly pass: string;
  /** The matches in order, each once; empty for a pass without rules. */
  readonly matches: readonly ExplainedMatch[];
  /** Nodes that the pass removed or changed, one line of text each; `added` has the new ones. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export interface Explainer {
  readonly onPass: (event: PassEvent) => void;
  /** @throws {UsageError} if the model was not imported by passes */
  explanationOf(model: OpenedModel): PassExplanation;
}

/** @throws {UsageError} that lists the passes, if there is none with this name */
export function explainer(pass: string): Explainer {
  const allowed = importPasses.map(({ name }) => name);
  if (!allowed.includes(pass))
    throw new UsageError(
      "option-choice",
      { option: "explain", value: pass, allowed },
      `\`explain\` ${pass}: there is no such pass; take one of ${allowed.join(", ")}.`,
    );
  const matches = new Map<string, ExplainedMatch>();
  const removed: string[] = [];
  const added: string[] = [];
  return {
    onPass({ pass: name, before, after, matches: found }) {
      if (name !== pass) return;
      for (const { rule, node, skipped } of found)
        matches.set([rule, node.name, skipped].join("\n"), {
          rule,
          op: node.op,
          node: node.name,
          ...(skipped === undefined ? {} : { reason: skipped }),
        });
      if (before === after) return;
      removed.push(...linesBeside(before, after));
      added.push(...linesBeside(after, before));
    },
    explanationOf(model) {
      if (model.kind !== "quantized" && model.input !== undefined)
        return { pass, matches: [...matches.values()], removed, added };
      throw new UsageError(
        "option-mismatch",
        { option: "explain", value: pass, found: "no ONNX file", file: model.path },
        `\`explain\` ${pass}: passes simplify ONNX files, and ${model.path} is not one; leave the option out.`,
      );
    },
  };
}

/** The nodes of `graph` that `other` does not have, as lines of text. */
function linesBeside(graph: Graph, other: Graph): readonly string[] {
  const known = new Set(other.nodes.map((node) => printNode(node, other.tensors)));
  return graph.nodes.map((node) => printNode(node, graph.tensors)).filter((line) => !known.has(line));
}
