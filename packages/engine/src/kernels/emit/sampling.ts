/** @file The positions of the windows of a convolution. */

import type { FilterOperator } from "../choose.js";
import type { Sampling } from "../offsets.js";
import { mapShape } from "../placement.js";
import type { Emitter } from "./emitter.js";

/** Where the window of each output pixel starts in the input. */
export function samplingOf(emitter: Emitter, op: FilterOperator): Sampling {
  if (op.op === "linear") return { height: 1, width: 1, top: 0, left: 0, strideY: 1, strideX: 1 };
  const [, height, width] = mapShape(emitter.program.tensors[op.output]!.shape);
  const [strideY, strideX] = op.strides;
  return { height, width, top: -op.pads[0], left: -op.pads[1], strideY, strideX };
}
