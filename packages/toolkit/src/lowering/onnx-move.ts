/** @file Engine operators that move or compare codes, as the ONNX operators that do the same with a batch in front. */

import type { MaxPoolOperator, QuantizedTensor, SliceOperator, TransposeOperator } from "@subbyte/engine";
import type { Attributes, GraphBuilder } from "@subbyte/graph";
import { ceilMode } from "./attributes.js";

export interface OnnxMove {
  readonly op: string;
  /** Constant inputs after the data. */
  readonly constants: readonly string[];
  readonly attributes: Attributes;
}

/** @param tensors of the operator's program */
export function onnxMove(
  b: GraphBuilder,
  operator: MaxPoolOperator | SliceOperator | TransposeOperator,
  tensors: readonly QuantizedTensor[],
): OnnxMove {
  const { shape } = tensors[operator.output]!;
  switch (operator.op) {
    case "maxPool": {
      const { kernel, strides, pads, dilations } = operator;
      const ceil_mode = ceilMode(operator, tensors[operator.input]!.shape, shape);
      return {
        op: "MaxPool",
        constants: [],
        attributes: { kernel_shape: kernel, strides, pads, dilations, ceil_mode },
      };
    }
    case "slice": {
      const { starts, steps } = operator;
      const ends = starts.map((start, i) => start + (shape[i]! - 1) * steps[i]! + 1);
      const axes = shape.map((_, i) => i + 1);
      return { op: "Slice", constants: [starts, ends, axes, steps].map((list) => b.ints(list)), attributes: {} };
    }
    case "transpose":
      return {
        op: "Transpose",
        constants: [],
        attributes: { perm: [0, ...operator.permutation.map((axis) => axis + 1)] },
      };
  }
}
