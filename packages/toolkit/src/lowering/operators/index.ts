/** @file How each operator of the graph is lowered; a new one is one file and one line here. */

import type { LowerOperator } from "../lowering.js";
import { add } from "./add.js";
import { clip, relu } from "./clamp.js";
import { concat } from "./concat.js";
import { functions } from "./functions.js";
import { layer } from "./layer.js";
import { maxPool } from "./max-pool.js";
import { flatten, pad, reshape, slice, transpose } from "./move.js";
import { average } from "./pool.js";

export const lowerOperator: Readonly<Record<string, LowerOperator>> = {
  Conv: layer,
  Gemm: layer,
  Add: add,
  Relu: relu,
  Clip: clip,
  MaxPool: maxPool,
  AveragePool: average,
  GlobalAveragePool: average,
  Concat: concat,
  Slice: slice,
  Pad: pad,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: flatten,
  Unsqueeze: flatten,
  Transpose: transpose,
  ...functions,
};
