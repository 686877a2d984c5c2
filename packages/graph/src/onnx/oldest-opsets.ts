/**
 * @file Brings operators of opsets 1 to 6 to the form of opset 7.
 *
 * Before opset 7, two operands of different shapes were aligned by an attribute: `axis` is the dimension of the first at which
 * the dimensions of the second begin. Shapes are not known while a file is read, so operators on shapes add the missing
 * dimensions to the second operand; constant folding removes them if the shapes are fixed. Source: the changelog of the ONNX
 * operators (docs/Changelog.md of the ONNX project).
 */

import { int64 } from "../ir/tensor.js";
import type { Attributes, Node } from "../ir/types.js";
import { type Rewriting, refuse } from "./rewriting.js";

interface OldRule {
  readonly ops: readonly string[];
  /** The first opset with the form of opset 7. */
  readonly before: number;
  rewrite(node: Node, make: Rewriting): readonly Node[];
}

/**
 * Attributes that are dropped: `consumed_inputs` told runtimes which buffers to reuse, and `is_test` chose between training and
 * inference, which a node with one output implies.
 */
const dropped: ReadonlySet<string> = new Set(["broadcast", "consumed_inputs", "is_test"]);

function without(attributes: Attributes, keys: ReadonlySet<string>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !keys.has(key)));
}

/** The second input with dimensions of size 1 appended, so that its own dimensions align with `axis` of the first. */
function aligned(node: Node, axis: number, make: Rewriting): readonly Node[] {
  const [a = "", b = ""] = node.inputs;
  const before: Node[] = [];
  const step = (op: string, inputs: readonly string[], attributes: Attributes = {}): string => {
    const name = make.node(`${node.name}/${op}`);
    const output = make.value(`${name}.output`);
    before.push({ name, op, domain: "", inputs, outputs: [output], attributes });
    return output;
  };
  const rank = (shape: string): string => step("Shape", [shape]);
  const shape = step("Shape", [b]);
  const first = make.constant(`${node.name}.axis`, int64([Math.abs(axis)]));
  // Counted from the end, the axis itself says how many dimensions are left.
  const left = axis < 0 ? first : step("Sub", [rank(step("Shape", [a])), first]);
  const ones = step("ConstantOfShape", [step("Sub", [left, rank(shape)])], { value: int64([1]) });
  const reshaped = step("Reshape", [b, step("Concat", [shape, ones], { axis: 0 })]);
  return [...before, { ...node, inputs: [a, reshaped, ...node.inputs.slice(2)] }];
}

const rules: readonly OldRule[] = [
  {
    ops: ["Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less"],
    before: 7,
    rewrite(node, make) {
      const { axis, ...attributes } = node.attributes as { axis?: number };
      const plain = { ...node, attributes };
      return axis === undefined ? [plain] : aligned(plain, axis, make);
    },
  },
  // One slope per channel.
  { ops: ["PRelu"], before: 7, rewrite: (node, make) => aligned(node, 1, make) },
  {
    ops: ["Concat"],
    before: 4,
    rewrite: (node) => [{ ...node, attributes: { axis: 1, ...node.attributes } }],
  },
  {
    ops: ["Reshape"],
    before: 5,
    rewrite(node, make) {
      const { shape, ...attributes } = node.attributes as { shape?: readonly number[] };
      const to = make.constant(`${node.name}.shape`, int64(shape ?? refuse(node, "has no shape; the file is damaged")));
      return [{ ...node, inputs: [node.inputs[0] ?? "", to], attributes }];
    },
  },
  {
    ops: ["Pad"],
    before: 2,
    rewrite(node) {
      const { paddings, ...attributes } = node.attributes;
      return [{ ...node, attributes: paddings === undefined ? attributes : { ...attributes, pads: paddings } }];
    },
  },
  {
    ops: ["Tile"],
    before: 6,
    rewrite: (node) => refuse(node, "repeats along one axis, as opsets before 6 did; export the model again"),
  },
  {
    ops: ["LpPool", "GlobalLpPool"],
    before: 2,
    rewrite: (node) => refuse(node, "has the withdrawn form of opset 1; export the model again"),
  },
];

const byOperator = new Map(rules.flatMap((rule) => rule.ops.map((op) => [op, rule] as const)));

/**
 * Brings a node of opset 1 to 6 to the form of opset 7.
 *
 * @throws {ModelError} for forms that ONNX has withdrawn
 */
export function toOpset7(node: Node, opset: number, make: Rewriting): readonly Node[] {
  if (node.domain !== "") return [node];
  const rule = byOperator.get(node.op);
  const plain = { ...node, attributes: without(node.attributes, dropped) };
  return rule && opset < rule.before ? rule.rewrite(plain, make) : [plain];
}
