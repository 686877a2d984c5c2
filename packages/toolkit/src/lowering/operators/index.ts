/** @file The integer form of each graph operator; a new one is one file and one line here. */

import type { OperatorType } from "@subbyte/engine";
import { elementwiseFunctions, type Graph, type Node } from "@subbyte/graph";
import type { IntegerForm, Role } from "../integer-form.js";
import { add } from "./add.js";
import { clip, relu } from "./clamp.js";
import { concat } from "./concat.js";
import { inner, table } from "./functions.js";
import { conv, gemm } from "./layer.js";
import { maxPool } from "./max-pool.js";
import { flatten, pad, slice, transpose } from "./move.js";
import { multiply } from "./multiply.js";
import { average } from "./pool.js";

/** The integer forms of operators that are not part of an elementwise function. */
const integerForms = {
  Conv: conv,
  Gemm: gemm,
  Add: add,
  Mul: multiply,
  Relu: relu,
  Clip: clip,
  MaxPool: maxPool,
  AveragePool: average,
  GlobalAveragePool: average,
  Concat: concat,
  Slice: slice,
  Pad: pad,
  Reshape: flatten,
  Flatten: flatten,
  Squeeze: flatten,
  Unsqueeze: flatten,
  Transpose: transpose,
};

type Made = (typeof integerForms)[keyof typeof integerForms] | typeof table extends infer Form
  ? Form extends IntegerForm<infer Name>
    ? Name
    : never
  : never;

/** Operators that FakeQuant nodes and the network's end produce. */
type MadeElsewhere = "rescale" | "dequantize";

/** A type that does not compile if no form makes some operator of the engine; the error names that operator. */
export const everyOperatorIsMade: Exclude<OperatorType, Made | MadeElsewhere> extends never
  ? true
  : Exclude<OperatorType, Made | MadeElsewhere> = true;

const forms: Readonly<Record<string, IntegerForm | undefined>> = integerForms;

const formOfOperator = ({ op, domain }: Node): IntegerForm | undefined =>
  domain === "" && Object.hasOwn(forms, op) ? forms[op] : undefined;

/** The integer form of a node of a graph; undefined if there is none. */
export const integerFormOf = (graph: Graph, node: Node): IntegerForm | undefined =>
  formsInFunctions(graph).get(node) ?? formOfOperator(node);

export const roleOf = (graph: Graph, node: Node): Role | undefined => integerFormOf(graph, node)?.role;

/** Whether a node holds weights. */
export const isLayer = (node: Node): boolean => formOfOperator(node)?.role === "layer";

const remembered = new WeakMap<Graph, ReadonlyMap<Node, IntegerForm>>();

/** The forms of nodes in elementwise functions, in place of the forms that they would have alone. */
function formsInFunctions(graph: Graph): ReadonlyMap<Node, IntegerForm> {
  const known = remembered.get(graph);
  if (known) return known;
  const result = new Map<Node, IntegerForm>();
  const functions = [...elementwiseFunctions(graph).values()];
  for (const { nodes } of functions) for (const node of nodes) result.set(node, inner);
  for (const { nodes } of functions) result.set(nodes.at(-1)!, table);
  remembered.set(graph, result);
  return result;
}
