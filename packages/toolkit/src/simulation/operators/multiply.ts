/** @file Products of two tensors. */

import type { OperatorNamed } from "@subbyte/engine";
import type { OnnxForm } from "./form.js";

export const multiply: OnnxForm<OperatorNamed<"multiply">> = {
  lift(lifting, operator) {
    const operands = operator.inputs.map((input) => lifting.read(input));
    lifting.store(lifting.b.op("Mul", operands, {}, { name: operator.name }), operator.output, operator);
  },

  /** Differences of codes lie within ±255, so their products are exact. */
  simulate(simulation, operator) {
    const { b } = simulation;
    const [first, second] = operator.inputs;
    const product = b.op("Mul", [simulation.centred(first), simulation.centred(second)]);
    const scale = Math.fround(simulation.tensor(first).scale * simulation.tensor(second).scale);
    const multiplier = Math.fround(scale / simulation.tensor(operator.output).scale);
    simulation.requantize(b.op("Mul", [product, b.scalar(multiplier)]), operator.output, operator);
  },
};
