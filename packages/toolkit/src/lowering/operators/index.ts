/** @file How each operator of the graph runs on integers; a new one is one file and one line here. */

import type { OperatorType } from "@subbyte/engine";
import type { Node } from "@subbyte/graph";
import type { IntegerForm, Role } from "../integer-form.js";
import { add } from "./add.js";
import { clip, relu } from "./clamp.js";
import { concat } from "./concat.js";
import { functions } from "./functions.js";
import { conv, gemm } from "./layer.js";
import { maxPool } from "./max-pool.js";
import { flatten, pad, slice, transpose } from "./move.js";
import { multiply } from "./multiply.js";
import { average } from "./pool.js";

export const integerForms = {
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
  ...functions,
};

type Made = (typeof integerForms)[keyof typeof integerForms] extends infer Form
  ? Form extends IntegerForm<infer Name>
    ? Name
    : never
  : never;

/** FakeQuant nodes and the network's end make these themselves. */
type MadeElsewhere = "rescale" | "dequantize";

/** Where an operator of the engine is made by no form, this names it and does not compile. */
export const everyOperatorIsMade: Exclude<OperatorType, Made | MadeElsewhere> extends never
  ? true
  : Exclude<OperatorType, Made | MadeElsewhere> = true;

const forms: Readonly<Record<string, IntegerForm | undefined>> = integerForms;

/** The integer form of a node; undefined where there is none. */
export const integerFormOf = ({ op, domain }: Node): IntegerForm | undefined =>
  domain === "" && Object.hasOwn(forms, op) ? forms[op] : undefined;

export const roleOf = (node: Node): Role | undefined => integerFormOf(node)?.role;
