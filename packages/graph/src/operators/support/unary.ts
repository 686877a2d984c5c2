/** @file Elementwise operators of one input, made from a function of one number. */

import type { GraphBuilder } from "../../ir/builder.js";
import { isBig } from "../../ir/element-types.js";
import type { Attributes, Node } from "../../ir/types.js";
import type { OperatorDefinition } from "../definition.js";
import { attributesOf, misfit } from "./attributes.js";
import { numbersOf, tensorOf } from "./values.js";

/** Arguments of a gradient formula: names of dy, x and y, and the attributes. */
interface Formula {
  readonly g: GraphBuilder;
  readonly dy: string;
  readonly x: string;
  readonly y: string;
  readonly node: Node;
}

interface Unary<T extends Attributes> {
  readonly defaults?: T;
  readonly value: (x: number, attributes: T) => number;
  /** The function on int64; absent if int64 is not accepted. */
  readonly big?: (x: bigint) => bigint;
  readonly gradient?: (formula: Formula, attributes: T) => string;
}

export function unary<T extends Attributes>(
  op: string,
  { defaults, value, big, gradient }: Unary<T>,
): OperatorDefinition {
  const none = {} as T;
  return {
    op,
    elementwise: true,
    ...(defaults ? { defaults } : {}),
    infer: ({ node, inputs: [x] }) => {
      if (!x) throw misfit(node, "no input", "one");
      return [x];
    },
    evaluate(node, [x]) {
      const attributes = attributesOf(node, defaults ?? none);
      if (isBig(x!.dtype)) {
        if (!big) throw misfit(node, `an input of type ${x!.dtype}`, "floating point");
        return [{ ...x!, data: (x!.data as BigInt64Array).map(big) }];
      }
      const xs = numbersOf(x!);
      return [
        tensorOf(
          x!.dtype,
          x!.shape,
          Float64Array.from(xs, (v) => value(v, attributes)),
        ),
      ];
    },
    ...(gradient
      ? {
          gradient: ({ node, g, outputGradients: [dy], needed }) => [
            needed[0]
              ? gradient(
                  { g, dy: dy!, x: node.inputs[0]!, y: node.outputs[0]!, node },
                  attributesOf(node, defaults ?? none),
                )
              : undefined,
          ],
        }
      : {}),
  };
}
