/**
 * @file Converts operators of other opsets to the form of the IR, which is that of opset 22 (see `opsets.ts`).
 *
 * A rule says what form an operator has before an opset, or from an opset on. If a numeric attribute became an input, the
 * rule makes a constant of it. Source: the changelog of the ONNX operators (docs/Changelog.md of the ONNX project).
 */

import { float32, int64 } from "../ir/tensor.js";
import type { Attributes, Node } from "../ir/types.js";
import { toOpset7 } from "./oldest-opsets.js";
import { type Rewriting, refuse } from "./rewriting.js";

interface OpsetRule {
  readonly ops: readonly string[];
  /** The first opset with the IR's form. */
  readonly before: number;
  rewrite(node: Node, make: Rewriting): Node | readonly Node[];
}

function without(attributes: Attributes, ...keys: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !keys.includes(key)));
}

const integers = ({ attributes }: Node, key: string) => attributes[key] as readonly number[] | undefined;

/** Moves a list of integers from an attribute to the second input. */
function toSecondInput(node: Node, key: string, make: Rewriting): Node {
  const values = integers(node, key);
  if (values === undefined) return node;
  const input = make.constant(`${node.name}.${key}`, int64(values));
  return { ...node, inputs: [node.inputs[0] ?? "", input], attributes: without(node.attributes, key) };
}

/** Operators of opset 11 and older that pad, clip or slice by attributes. */
const attributesToInputs: readonly OpsetRule[] = [
  {
    ops: ["ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"],
    before: 18,
    rewrite: (node, make) => toSecondInput(node, "axes", make),
  },
  {
    ops: ["ReduceMin", "ReduceProd", "ReduceSumSquare"],
    before: 18,
    rewrite: (node, make) => toSecondInput(node, "axes", make),
  },
  {
    ops: ["ReduceSum", "Squeeze", "Unsqueeze"],
    before: 13,
    rewrite: (node, make) => toSecondInput(node, "axes", make),
  },
  {
    ops: ["Split"],
    before: 18,
    rewrite(node, make) {
      const sized = toSecondInput(node, "split", make);
      if (sized.inputs.length > 1) return sized;
      return { ...sized, attributes: { ...sized.attributes, num_outputs: node.outputs.length } };
    },
  },
  {
    ops: ["Clip"],
    before: 11,
    rewrite(node, make) {
      const bound = (key: string): string => {
        const value = node.attributes[key];
        return typeof value === "number" ? make.constant(`${node.name}.${key}`, float32([value], [])) : "";
      };
      const inputs = [node.inputs[0] ?? "", bound("min"), bound("max")];
      while (inputs.at(-1) === "") inputs.pop();
      return { ...node, inputs, attributes: without(node.attributes, "min", "max") };
    },
  },
  {
    ops: ["Pad"],
    before: 11,
    rewrite(node, make) {
      const pads = integers(node, "pads") ?? refuse(node, "has no pads; the file is damaged");
      const inputs = [node.inputs[0] ?? "", make.constant(`${node.name}.pads`, int64(pads))];
      const { value } = node.attributes;
      if (typeof value === "number" && value !== 0)
        inputs.push(make.constant(`${node.name}.value`, float32([value], [])));
      return { ...node, inputs, attributes: without(node.attributes, "pads", "value") };
    },
  },
  {
    ops: ["Slice"],
    before: 10,
    rewrite(node, make) {
      const [starts, ends] = [integers(node, "starts"), integers(node, "ends")];
      if (!starts || !ends) return refuse(node, "has no starts or no ends; the file is damaged");
      const lists = [starts, ends, integers(node, "axes")].flatMap((list) => (list ? [list] : []));
      const named = lists.map((list, i) => make.constant(`${node.name}.${["starts", "ends", "axes"][i]}`, int64(list)));
      return {
        ...node,
        inputs: [node.inputs[0] ?? "", ...named],
        attributes: without(node.attributes, "starts", "ends", "axes"),
      };
    },
  },
  // In inference the ratio has no effect.
  { ops: ["Dropout"], before: 12, rewrite: (node) => ({ ...node, attributes: without(node.attributes, "ratio") }) },
];

/** Before opset 13 the input counted as a matrix: the axes before `axis` are its rows, the others its columns. */
function softmaxOfMatrix(node: Node, make: Rewriting): readonly Node[] {
  const [x = "", y = ""] = [node.inputs[0], node.outputs[0]];
  const { axis = 1 } = node.attributes;
  const step = (op: string, inputs: readonly string[], output: string, attributes: Attributes = {}): Node => ({
    ...node,
    name: op === node.op ? node.name : make.node(`${node.name}/${op}`),
    op,
    inputs,
    outputs: [output],
    attributes,
  });
  const [matrix, result, shape] = ["matrix", "softmax", "shape"].map((stem) => make.value(`${node.name}.${stem}`));
  return [
    step("Shape", [x], shape!),
    step("Flatten", [x], matrix!, { axis }),
    step(node.op, [matrix!], result!, { axis: -1 }),
    step("Reshape", [result!, shape!], y),
  ];
}

/** ImageScaler(x) = scale·x + bias[c], an experiment of ONNX that converters of CoreML models still write. */
function imageScaler(node: Node, make: Rewriting): readonly Node[] {
  const { scale = 1, bias = [] } = node.attributes as { scale?: number; bias?: readonly number[] };
  const scaled = make.value(`${node.name}.scaled`);
  return [
    {
      ...node,
      op: "Mul",
      inputs: [node.inputs[0] ?? "", make.constant(`${node.name}.scale`, float32([scale], []))],
      outputs: [scaled],
      attributes: {},
    },
    {
      ...node,
      name: make.node(`${node.name}/bias`),
      op: "Add",
      inputs: [scaled, make.constant(`${node.name}.bias`, float32(bias, [1, bias.length, 1, 1]))],
      attributes: {},
    },
  ];
}

const rules: readonly OpsetRule[] = [
  ...attributesToInputs,
  { ops: ["Softmax", "LogSoftmax", "Hardmax"], before: 13, rewrite: softmaxOfMatrix },
  { ops: ["ImageScaler"], before: 13, rewrite: imageScaler },
  {
    ops: ["BatchNormalization"],
    before: 14,
    rewrite(node) {
      if (node.outputs.some((output, i) => i > 0 && output !== ""))
        return refuse(node, "is in training form; export the model in evaluation mode (model.eval())");
      if (node.attributes.spatial === 0)
        return refuse(node, "normalizes each position on its own (spatial = 0), which is not supported");
      return { ...node, attributes: without(node.attributes, "spatial") };
    },
  },
  {
    ops: ["GroupNormalization"],
    before: 21,
    rewrite: (node) => refuse(node, "has the withdrawn form of opset 18; export the model at opset 21 or later"),
  },
  {
    ops: ["Swish"],
    before: Number.POSITIVE_INFINITY,
    rewrite(node, make) {
      const [x = "", gate] = [node.inputs[0], make.value(`${node.name}.gate`)];
      const { alpha = 1 } = node.attributes as { alpha?: number };
      const scaled = alpha === 1 ? x : make.value(`${node.name}.scaled`);
      const part = (op: string, inputs: readonly string[], output: string): Node => ({
        ...node,
        name: make.node(`${node.name}/${op}`),
        op,
        inputs,
        outputs: [output],
        attributes: {},
      });
      return [
        ...(alpha === 1 ? [] : [part("Mul", [x, make.constant(`${node.name}.alpha`, float32([alpha], []))], scaled)]),
        part("Sigmoid", [scaled], gate),
        { ...node, op: "Mul", inputs: [x, gate], attributes: {} },
      ];
    },
  },
];

const byOperator = new Map(rules.flatMap((rule) => rule.ops.map((op) => [op, rule] as const)));

/**
 * Brings a node of any supported opset to the IR's form.
 *
 * @throws {ModelError} for forms that the IR cannot express
 */
export function toIrForm(node: Node, opset: number, make: Rewriting): readonly Node[] {
  if (opset < 7) return toOpset7(node, opset, make).flatMap((each) => toIrForm(each, 7, make));
  const rule = node.domain === "" ? byOperator.get(node.op) : undefined;
  return rule && opset < rule.before ? [rule.rewrite(node, make)].flat() : [node];
}
