/** @file The type of a pass, and the loop that runs a list of passes. */

import type { Graph } from "../ir/types.js";
import { verify } from "../ir/verifier.js";
import { type RewriteEvent, type RewriteOptions, rewrite } from "../patterns/rewriter.js";
import type { Rule } from "../patterns/rule.js";

/** Maps a graph to an equivalent one with the same inputs and outputs, or to itself if there is nothing to do. */
export interface Pass {
  readonly name: string;
  /** The equivalent graph; the same object if nothing changed. */
  run(graph: Graph, options?: RewriteOptions): Graph;
}

/** The graph before and after one pass. */
export interface PassEvent {
  /** Name of the pass. */
  readonly pass: string;
  readonly before: Graph;
  /** The same object as `before` if the pass changed nothing. */
  readonly after: Graph;
  /** Matches of its rules, applied or not, in order; empty for passes without rules. */
  readonly matches: readonly RewriteEvent[];
}

/** Options of `runPasses`: callbacks that report what passes and their rules did. */
export interface PassOptions extends RewriteOptions {
  /** Called after each run of each pass. */
  readonly onPass?: (event: PassEvent) => void;
}

/** A pass that applies rules until none applies. */
export const rulePass = (name: string, rules: readonly Rule[]): Pass => ({
  name,
  run: (graph, options) => rewrite(graph, rules, options),
});

/** Whether the verifier runs after every pass. Read through globalThis, because a browser has no `process`. */
const verifyAfterEachPass = (): boolean =>
  (globalThis as { process?: { env: Readonly<Record<string, string | undefined>> } }).process?.env.SUBBYTE_VERIFY ===
  "1";

/** If a pipeline still changes after this many rounds, two of its passes undo each other. */
const MOST_ROUNDS = 100;

/** Runs the passes in order, over and over until a whole round changes nothing. */
export function runPasses(graph: Graph, passes: readonly Pass[], options: PassOptions = {}): Graph {
  let current = graph;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = current;
    for (const pass of passes) current = runPass(pass, current, options);
    if (current === before) return current;
  }
  throw new Error(`internal: the passes ${passes.map(({ name }) => name).join(", ")} never settle on "${graph.name}"`);
}

function runPass(pass: Pass, graph: Graph, { onPass, trace }: PassOptions): Graph {
  const matches: RewriteEvent[] = [];
  const told = (event: RewriteEvent) => {
    matches.push(event);
    trace?.(event);
  };
  const result = pass.run(graph, onPass || trace ? { trace: told } : {});
  onPass?.({ pass: pass.name, before: graph, after: result, matches });
  if (result === graph || !verifyAfterEachPass()) return result;
  try {
    verify(result);
  } catch (error) {
    throw new Error(`internal: the pass ${pass.name} broke the graph: ${(error as Error).message}`, { cause: error });
  }
  return result;
}
