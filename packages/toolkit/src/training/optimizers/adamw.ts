/**
 * @file Adam with decoupled weight decay, as in `torch.optim.AdamW`:
 *
 *   w ← w·(1 − η·λ);  m ← β₁·m + (1 − β₁)·∇;  v ← β₂·v + (1 − β₂)·∇²
 *   w ← w − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
 *
 * Source: Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2.
 */

import { requireNumber } from "../../require-number.js";
import type { Optimizer } from "./definition.js";

/** Hyperparameters of AdamW. */
export interface AdamWOptions {
  /** Decay of the mean of the gradients, in [0, 1); 0.9 by default. */
  readonly beta1?: number;
  /** Decay of the mean of their squares, in [0, 1); 0.999 by default. */
  readonly beta2?: number;
  /** Added to the denominator, above 0; 1e-8 by default. */
  readonly epsilon?: number;
}

/** @throws {UsageError} if a constant is out of its range. */
export function adamw({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamWOptions = {}): Optimizer {
  for (const [name, beta] of Object.entries({ beta1, beta2 })) {
    requireNumber(name, beta, "a number in [0, 1)");
  }
  requireNumber("epsilon", epsilon, "a number above 0");
  return {
    description: `adamw(beta1=${beta1}, beta2=${beta2}, epsilon=${epsilon})`,
    slots: ["exp_avg", "exp_avg_sq"],
    scalars: ["learning_rate", "step_size", "root_bias_correction"],
    // The bias corrections depend only on the step: they are computed here in float64, and not in the graph in float32.
    values: (learningRate, t) => [learningRate, learningRate / (1 - beta1 ** t), Math.sqrt(1 - beta2 ** t)],
    update: (g, { parameter, gradient, state, scalars, weightDecay }) => {
      const [learningRate, stepSize, rootBiasCorrection] = scalars as [string, string, string];
      const average = (slot: string, beta: number, sample: string) =>
        g.op("Add", [g.op("Mul", [slot, g.scalar(beta)]), g.op("Mul", [sample, g.scalar(1 - beta)])]);
      const m = average(state[0]!, beta1, gradient);
      const v = average(state[1]!, beta2, g.op("Mul", [gradient, gradient]));
      const denominator = g.op("Add", [g.op("Div", [g.op("Sqrt", [v]), rootBiasCorrection]), g.scalar(epsilon)]);
      const step = g.op("Div", [g.op("Mul", [m, stepSize]), denominator]);
      const decayed =
        weightDecay === 0
          ? parameter
          : g.op("Sub", [parameter, g.op("Mul", [parameter, g.op("Mul", [learningRate, g.scalar(weightDecay)])])]);
      return { parameter: g.op("Sub", [decayed, step]), state: [m, v] };
    },
  };
}
