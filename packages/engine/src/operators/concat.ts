/** @file Concatenation along channels, the first axis (rule 9). */

import type { TensorId } from "../program/program.js";
import { noWorkingMemory, type OperatorDefinition } from "./definition.js";

/** Concatenation along the first axis (channels); inputs already have the output's scale, zero point and bit width (rule 9). */
export interface ConcatOperator {
  readonly op: "concat";
  readonly name: string;
  readonly inputs: readonly TensorId[];
  readonly output: TensorId;
}

export const concat: OperatorDefinition<ConcatOperator> = {
  fields: { inputs: { kind: "tensors" }, output: { kind: "tensor" } },

  inputs: ({ inputs }) => inputs,

  check(op, context) {
    if (op.inputs.length === 0) context.fail("inputs", "must name at least one tensor");
    const { shape } = context.tensor(op.output);
    let channels = 0;
    for (const [i, id] of op.inputs.entries()) {
      const part = context.tensor(id).shape[0]!;
      context.shape(`inputs[${i}]`, id, [part, ...shape.slice(1)]);
      context.sameQuantization(`inputs[${i}]`, id, op.output);
      channels += part;
    }
    if (channels !== shape[0]) context.fail("output", `must have ${channels} channels, has ${shape[0]}`);
  },

  workingMemory: noWorkingMemory,

  /** Channels are the outermost axis, so the parts follow each other. */
  prepare(op, memory) {
    const parts = op.inputs.map((id) => memory.codes(id));
    const y = memory.codes(op.output);
    return () => {
      let to = 0;
      for (const part of parts) {
        y.set(part, to);
        to += part.length;
      }
    };
  },
};
