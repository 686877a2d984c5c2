/** @file Changes of scale, additions and tables. */

import type { OperatorNamed } from "@subbyte/engine";
import type { Lifting } from "../lifting.js";
import { lookUp } from "../look-up.js";
import type { Simulation } from "../simulation.js";
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

/** The table of each channel, or the common one, and the shape that aligns them with the codes. */
function tablesOf({ table, input }: OperatorNamed<"table">, { program }: Lifting | Simulation) {
  const { bits, shape } = program.tensors[input]!;
  const entries = 2 ** bits;
  const tables = Array.from({ length: table.length / entries }, (_, c) =>
    table.subarray(c * entries, (c + 1) * entries),
  );
  return { tables, perChannel: [1, tables.length, ...shape.slice(1).map(() => 1)] };
}

export const table: OnnxForm<OperatorNamed<"table">> = {
  /** Gathers real values by the input's code. */
  lift(lifting, operator) {
    const { b } = lifting;
    const from = lifting.tensor(operator.input);
    const to = lifting.tensor(operator.output);
    const { tables, perChannel } = tablesOf(operator, lifting);
    const real = tables.map((codes) => Float32Array.from(codes, (q) => to.scale * (q - to.zeroPoint)));
    const steps = b.op("Round", [b.op("Div", [lifting.read(operator.input), b.scalar(from.scale)])]);
    const code = b.op("Cast", [b.op("Add", [steps, b.scalar(from.zeroPoint)])], { to: INT64 });
    lifting.store(lookUp(b, real, code, perChannel, operator.name), operator.output);
  },
  simulate(simulation, operator) {
    const { b } = simulation;
    const { tables, perChannel } = tablesOf(operator, simulation);
    const index = b.op("Cast", [simulation.codes(operator.input)], { to: INT64 });
    simulation.set(operator.output, lookUp(b, tables, index, perChannel, b.free(operator.name)));
  },
};
