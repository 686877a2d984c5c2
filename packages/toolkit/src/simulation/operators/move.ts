/** @file Operators that move codes, and the one that reads them as logits. */

import type { OperatorNamed } from "@subbyte/engine";
import type { Attributes, GraphBuilder } from "@subbyte/graph";
import type { Lifting } from "../lifting.js";
import type { Simulation } from "../simulation.js";
import type { OnnxForm } from "./form.js";

export const concat: OnnxForm<OperatorNamed<"concat">> = {
  lift(lifting, { name, inputs, output }) {
    const parts = inputs.map((input) => lifting.read(input));
    lifting.store(lifting.b.op("Concat", parts, { axis: 1 }, { name }), output);
  },
  simulate(simulation, { inputs, output }) {
    const parts = inputs.map((input) => simulation.codes(input));
    simulation.set(output, simulation.b.op("Concat", parts, { axis: 1 }));
  },
};

/** An ONNX operator that does the same on real values and on codes. */
export interface Move {
  readonly op: string;
  /** Constant inputs after the data. */
  readonly constants: readonly string[];
  readonly attributes?: Attributes;
}

/** The ONNX form of a move that is the same operator on real values and on codes. */
export function sameMove<T extends OperatorNamed<"slice" | "transpose" | "maxPool">>(
  describe: (b: GraphBuilder, operator: T, context: Lifting | Simulation) => Move,
): OnnxForm<T> {
  const move = (context: Lifting | Simulation, operator: T) => {
    const { op, constants, attributes } = describe(context.b, operator, context);
    context.move(op, operator, constants, attributes);
  };
  return { lift: move, simulate: move };
}

export const slice: OnnxForm<OperatorNamed<"slice">> = sameMove((b, { starts, steps, output }, { program }) => {
  const { shape } = program.tensors[output]!;
  const ends = starts.map((start, i) => start + (shape[i]! - 1) * steps[i]! + 1);
  const axes = shape.map((_, i) => i + 1);
  return { op: "Slice", constants: [starts, ends, axes, steps].map((list) => b.ints(list)) };
});

export const transpose: OnnxForm<OperatorNamed<"transpose">> = sameMove((_, { permutation }) => ({
  op: "Transpose",
  constants: [],
  attributes: { perm: [0, ...permutation.map((axis) => axis + 1)] },
}));

const pads = (b: GraphBuilder, { before, after }: OperatorNamed<"pad">): string => b.ints([0, ...before, 0, ...after]);

export const pad: OnnxForm<OperatorNamed<"pad">> = {
  lift: (lifting, operator) => lifting.move("Pad", operator, [pads(lifting.b, operator)]),
  simulate(simulation, operator) {
    const zeroPoint = simulation.b.scalar(simulation.tensor(operator.input).zeroPoint);
    simulation.move("Pad", operator, [pads(simulation.b, operator), zeroPoint]);
  },
};

export const reshape: OnnxForm<OperatorNamed<"reshape">> = {
  lift(lifting, operator) {
    const { shape } = lifting.tensor(operator.output);
    if (shape.length === 1) lifting.move("Flatten", operator, [], { axis: 1 });
    else lifting.move("Reshape", operator, [lifting.b.ints([0, ...shape])]);
  },
  simulate(simulation, operator) {
    simulation.move("Reshape", operator, [simulation.b.ints([0, ...simulation.tensor(operator.output).shape])]);
  },
};

export const dequantize: OnnxForm<OperatorNamed<"dequantize">> = {
  lift: (lifting, { input }) => lifting.b.output(lifting.read(input)),
  simulate(simulation, { input }) {
    const { b } = simulation;
    b.output(b.op("Mul", [simulation.centred(input), b.scalar(simulation.tensor(input).scale)]));
  },
};
