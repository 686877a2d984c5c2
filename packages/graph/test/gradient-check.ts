/** @file The check behind every gradient test: one inner product against central differences in float64. */

import { gradients } from "../src/autodiff/gradients.js";
import type { Graph, Tensor } from "../src/ir/types.js";
import { evaluate } from "../src/reference/interpreter.js";
import { random } from "./runtime.js";

/**
 * Float64 values between −1 and 1 in random order, evenly spaced: no two are equal and none is 0, so no kink or tie is near.
 */
export function distinctValues(shape: readonly number[], seed: number): Tensor {
  const next = random(seed);
  const count = shape.reduce((a, b) => a * b, 1);
  // Distinct multiples of the spacing in random order.
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return { dtype: "float64", shape, data: Float64Array.from(order, (rank) => (2 * rank + 1.3) / (count + 0.7) - 1) };
}

export interface GradientCheck {
  /** Values of the graph's inputs; symbolic dimensions take theirs from here. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly loss: string;
  readonly parameters: readonly string[];
  readonly seed: number;
  /** Step of the central difference. */
  readonly h?: number;
  /** Relative to the larger of 1 and the numeric derivative. */
  readonly tolerance?: number;
}

/**
 * Checks gradients. It moves each parameter along one random direction u and compares ⟨u, gradient⟩ with the central difference
 * of the loss. If the loss weighs an operator's outputs by random numbers, this is ⟨u, Jᵀv⟩ = ⟨Ju, v⟩.
 *
 * @throws {Error} that names the parameter, both numbers and the seed
 */
export function expectGradients(
  graph: Graph,
  { inputs, loss, parameters, seed, h = 1e-5, tolerance = 1e-6 }: GradientCheck,
): void {
  const differentiated = gradients(graph, { loss, parameters });
  const exact = evaluate(differentiated.graph, inputs);
  const lossOnly: Graph = { ...graph, outputs: [loss] };
  parameters.forEach((parameter, p) => {
    const start = inputs.get(parameter) ?? graph.tensors.get(parameter)!;
    const gradient = exact.get(differentiated.gradients[p]!)!;
    if (gradient.shape.join() !== start.shape.join())
      throw new Error(`gradient of "${parameter}" has the shape [${gradient.shape}], the parameter [${start.shape}]`);
    const direction = distinctValues(start.shape, seed + 1 + p).data as Float64Array;
    const at = (step: number): number => {
      const data = Float64Array.from(start.data as Float64Array, (v, i) => v + step * direction[i]!);
      const moved: Tensor = { dtype: "float64", shape: start.shape, data };
      const constants = graph.tensors.has(parameter) ? new Map(graph.tensors).set(parameter, moved) : graph.tensors;
      const given = inputs.has(parameter) ? new Map(inputs).set(parameter, moved) : inputs;
      return evaluate({ ...lossOnly, tensors: constants }, given).get(loss)!.data[0] as number;
    };
    const numeric = (at(h) - at(-h)) / (2 * h);
    const analytic = direction.reduce((sum, u, i) => sum + u * (gradient.data[i] as number), 0);
    // Written so that NaN fails.
    if (!(Math.abs(numeric - analytic) <= tolerance * Math.max(1, Math.abs(numeric))))
      throw new Error(
        `"${parameter}": gradient gives ${analytic}, central difference ${numeric} (seed ${seed}, h ${h})`,
      );
  });
}
