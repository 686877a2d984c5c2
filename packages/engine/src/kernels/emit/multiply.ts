/** @file Products of two stored tensors, pixel by pixel (rule 11). */

import { productMultiplier } from "../../operators/arithmetic.js";
import type { MultiplyOperator } from "../../operators/multiply.js";
import { mapAxes } from "../splitting/map-axes.js";
import { type Emission, noConstants } from "./emission.js";
import { mapFields } from "./map.js";

export const multiply: Emission<MultiplyOperator> = {
  emit(emitter, index, op) {
    const { tensors } = emitter.program;
    const [first, second] = op.inputs;
    const { height, width } = emitter.placement(op.output);
    const right = emitter.placement(second);
    const isPerChannel = right.height * right.width < height * width;
    const zeros = () => emitter.constants.reserve(4 * height * width);
    emitter.emitBorder(index, op.output);
    const task = emitter.constants.task("MapTask", {
      ...mapFields(emitter, first, op.output),
      firstMultiplier: productMultiplier(tensors[first]!.scale, tensors[second]!.scale, tensors[op.output]!.scale),
      second: emitter.address(second),
      // The second tensor has only one pixel, which all pixels read.
      secondPixels: isPerChannel
        ? emitter.constants.sharedTable(`${height * width} zeros`, zeros)
        : emitter.pixels(second),
      secondBytes: right.elementBytes,
      secondZeroPoint: tensors[second]!.zeroPoint,
      lo: op.lo,
      hi: op.hi,
    });
    emitter.emit(index, "multiply", task, mapAxes);
  },
  constantBytes: noConstants,
};
