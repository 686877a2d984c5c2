/**
 * @file Gradient of Relu: dx = dy·[y > 0], the mask in a single vectorized pass.
 *
 *   [y > 0] = HardSigmoid(y; α = 1e38, β = 0) = clamp(1e38·y, 0, 1)
 *
 * Exactly 0 for y ≤ 0 and 1 from y = 1e-38 on, which is below the smallest normal float32. Greater and Cast take two passes.
 */

import type { Decomposition } from "./decomposition.js";

export const reluGradient: Decomposition = {
  op: "ReluGradient",
  domain: "subbyte",
  rewrite({ inputs }, { g }) {
    const [dy, y] = inputs as [string, string];
    return [g.op("Mul", [dy, g.op("HardSigmoid", [y], { alpha: 1e38, beta: 0 })])];
  },
};
