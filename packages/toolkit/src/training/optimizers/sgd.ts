/**
 * @file Stochastic gradient descent with momentum, as in `torch.optim.SGD`:
 *
 *   d = ∇ + λ·w;  v ← μ·v + d;  w ← w − η·v,  or with Nesterov  w ← w − η·(d + μ·v)
 *
 * Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning", in PyTorch's formulation,
 * in which the learning rate multiplies the velocity instead of being part of it.
 */

import { UsageError } from "../../errors.js";
import { requireNumber } from "../../require-number.js";
import type { Optimizer } from "./definition.js";

/** Hyperparameters of SGD. */
export interface SgdOptions {
  /** μ, in [0, 1); 0.9 by default. */
  readonly momentum?: number;
  /** Looks one momentum step ahead; needs momentum. */
  readonly nesterov?: boolean;
}

/** @throws {UsageError} if the momentum is not in [0, 1), or Nesterov is used without momentum. */
export function sgd({ momentum = 0.9, nesterov = false }: SgdOptions = {}): Optimizer {
  requireNumber("momentum", momentum, "a number in [0, 1)");
  if (nesterov && momentum === 0)
    throw new UsageError(
      "option-conflict",
      { options: ["nesterov", "momentum"] },
      "Nesterov's method needs a momentum above 0",
    );
  return {
    description: `sgd(momentum=${momentum}${nesterov ? ", nesterov" : ""})`,
    slots: momentum === 0 ? [] : ["momentum"],
    scalars: ["learning_rate"],
    values: (learningRate) => [learningRate],
    update: (g, { parameter, gradient, state, scalars, weightDecay }) => {
      const d = weightDecay === 0 ? gradient : g.op("Add", [gradient, g.op("Mul", [parameter, g.scalar(weightDecay)])]);
      const descend = (direction: string) => g.op("Sub", [parameter, g.op("Mul", [direction, scalars[0]!])]);
      if (momentum === 0) return { parameter: descend(d), state: [] };
      const mu = g.scalar(momentum);
      const velocity = g.op("Add", [g.op("Mul", [state[0]!, mu]), d]);
      const direction = nesterov ? g.op("Add", [d, g.op("Mul", [velocity, mu])]) : velocity;
      return { parameter: descend(direction), state: [velocity] };
    },
  };
}
