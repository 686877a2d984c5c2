/** @file Changes of scale, additions and tables. */

import type { OperatorNamed } from "@subbyte/engine";
import { float32 } from "@subbyte/graph";
import type { OnnxForm } from "./form.js";

const INT64 = 7;

export const rescale: OnnxForm<OperatorNamed<"rescale">> = {
  lift: (lifting, operator) => lifting.store(lifting.read(operator.input), operator.output, operator),
  simulate: (simulation, operator) =>
    simulation.requantize(simulation.scaled(operator.input, operator.output), operator.output, operator),
};

export const add: OnnxForm<OperatorNamed<"add">> = {
  lift(lifting, operator) {
    const [left, right] = operator.inputs;
    const value = lifting.b.op("Add", [lifting.read(left), lifting.read(right)], {}, { name: operator.name });
    lifting.store(value, operator.output, operator);
  },
  simulate(simulation, operator) {
    const operands = operator.inputs.map((input) => simulation.scaled(input, operator.output));
    simulation.requantize(simulation.b.op("Add", operands), operator.output, operator);
  },
};

export const table: OnnxForm<OperatorNamed<"table">> = {
  /** A Gather of real values by the input's code. */
  lift(lifting, operator) {
    const { b } = lifting;
    const from = lifting.tensor(operator.input);
    const to = lifting.tensor(operator.output);
    const steps = b.op("Round", [b.op("Div", [lifting.read(operator.input), b.scalar(from.scale)])]);
    const code = b.op("Cast", [b.op("Add", [steps, b.scalar(from.zeroPoint)])], { to: INT64 });
    const real = b.constant(float32(Float32Array.from(operator.table, (q) => to.scale * (q - to.zeroPoint))));
    lifting.store(b.op("Gather", [real, code], { axis: 0 }, { name: operator.name }), operator.output);
  },
  simulate(simulation, operator) {
    const index = simulation.b.op("Cast", [simulation.codes(operator.input)], { to: INT64 });
    simulation.set(operator.output, simulation.lookUp([operator.table], index, []));
  },
};
