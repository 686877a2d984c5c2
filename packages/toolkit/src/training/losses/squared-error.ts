/** @file Squared error against a target, summed over channels, mean over the rest, as BRECQ and QDrop use it. */

import { elementCount } from "@subbyte/graph";
import type { Loss } from "./definition.js";

/** Squared error between the output and a target: summed over channels, mean over everything else. */
export const squaredErrorLoss: Loss = {
  description: "squared error",
  append: ({ g, output, shape, target }) => {
    const error = g.op("Sub", [output, target()]);
    const sum = g.op("ReduceSumSquare", [error], { keepdims: 0 });
    return g.op("Mul", [sum, g.scalar(shape[1]! / elementCount(shape))]);
  },
};
