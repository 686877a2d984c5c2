/** @file The ONNX form of every operator of the engine; a missing one does not compile. */

import type { Operator, OperatorNamed, OperatorType } from "@subbyte/engine";
import { add, rescale, table } from "./elementwise.js";
import type { OnnxForm } from "./form.js";
import { conv, linear } from "./layer.js";
import { concat, dequantize, pad, reshape, slice, transpose } from "./move.js";
import { multiply } from "./multiply.js";
import { averagePool, maxPool } from "./pool.js";

const forms: { readonly [K in OperatorType]: OnnxForm<OperatorNamed<K>> } = {
  conv,
  linear,
  rescale,
  table,
  add,
  multiply,
  maxPool,
  averagePool,
  concat,
  slice,
  pad,
  reshape,
  transpose,
  dequantize,
};

export const formOf = <T extends Operator>(operator: T): OnnxForm<T> => forms[operator.op] as unknown as OnnxForm<T>;
