/**
 * @file Folds arithmetic on shapes where the batch size is a symbol, so that plain constant folding cannot.
 *
 * `x.view(x.size(0), -1)` is exported as Shape → Gather → Unsqueeze → Concat → Reshape. The values in between are followed
 * as lists of dimensions, `[N]` for instance; what turns out to be numbers becomes a constant, and a Reshape whose target
 * names the batch gets the constant with which ONNX says the same: 0 (copy the dimension) or −1 (the rest).
 */

import { dimProduct, dimQuotient } from "../ir/dims.js";
import { int64, toNumbers } from "../ir/tensor.js";
import type { Dim, Graph, Node, Tensor, TensorType } from "../ir/types.js";
import { inferKnownTypes } from "./infer-types.js";
import type { Pass } from "./pass.js";

/** An int64 scalar or vector whose elements are dimensions. */
interface ShapeValue {
  readonly dims: readonly Dim[];
  readonly isScalar: boolean;
}

/** Shapes have few elements; longer constants are data. */
const LONGEST_SHAPE = 64;

/** `TensorProto.INT64`. */
const INT64 = 7;

export const foldShapes: Pass = {
  name: "fold-shapes",
  run(graph) {
    const types = inferKnownTypes(graph);
    const known = shapeValues(graph, types);
    const tensors = new Map(graph.tensors);
    const isNumeric = (value: string): boolean =>
      known.get(value)?.dims.every((dim) => typeof dim === "number") ?? false;
    const nodes = graph.nodes
      .filter((node) => {
        const output = node.outputs[0]!;
        if (node.outputs.length !== 1 || !isNumeric(output)) return true;
        tensors.set(output, shapeTensor(known.get(output)!));
        return false;
      })
      .map((node) => constantTarget(node, types, known, tensors));
    const isSame = nodes.length === graph.nodes.length && nodes.every((node, i) => node === graph.nodes[i]);
    return isSame ? graph : { ...graph, nodes, tensors };
  },
};

const shapeTensor = ({ dims, isScalar }: ShapeValue): Tensor =>
  int64(dims as readonly number[], isScalar ? [] : [dims.length]);

function shapeValues(graph: Graph, types: ReadonlyMap<string, TensorType>): ReadonlyMap<string, ShapeValue> {
  const values = new Map<string, ShapeValue>();
  for (const [name, tensor] of graph.tensors) {
    if (tensor.dtype !== "int64" || tensor.shape.length > 1 || tensor.data.length > LONGEST_SHAPE) continue;
    const dims = toNumbers(tensor);
    if (dims.every(Number.isSafeInteger)) values.set(name, { dims, isScalar: tensor.shape.length === 0 });
  }
  for (const node of graph.nodes) {
    if (node.domain !== "") continue;
    const value =
      node.op === "Shape"
        ? shapeOf(node, types.get(node.inputs[0] ?? ""))
        : compute(
            node,
            node.inputs.map((input) => values.get(input)),
          );
    if (value && value.dims.length <= LONGEST_SHAPE) values.set(node.outputs[0]!, value);
  }
  return values;
}

function shapeOf({ attributes }: Node, type: TensorType | undefined): ShapeValue | undefined {
  if (!type?.shape) return undefined;
  const { start, end } = attributes as { start?: number; end?: number };
  return { dims: type.shape.slice(start ?? 0, end ?? type.shape.length), isScalar: false };
}

/** What an operator on shapes makes of its inputs; undefined where an input is not known or the operator another. */
function compute(node: Node, inputs: readonly (ShapeValue | undefined)[]): ShapeValue | undefined {
  const [a, b] = inputs;
  if (!a) return undefined;
  const vector = (dims: readonly Dim[]): ShapeValue => ({ dims, isScalar: false });
  switch (node.op) {
    case "Identity":
      return a;
    case "Cast":
      return node.attributes.to === INT64 ? a : undefined;
    case "Unsqueeze":
      return a.isScalar && b?.dims.length === 1 ? vector(a.dims) : undefined;
    case "Squeeze":
      return !a.isScalar && a.dims.length === 1 ? { dims: a.dims, isScalar: true } : undefined;
    case "Concat":
      return inputs.every((input) => input !== undefined) ? vector(inputs.flatMap((input) => input!.dims)) : undefined;
    case "Gather": {
      const dims = b?.dims.map((index) => (typeof index === "number" ? a.dims.at(index) : undefined));
      return dims?.every((dim) => dim !== undefined) ? { dims: dims as Dim[], isScalar: b!.isScalar } : undefined;
    }
    case "Slice": {
      const [, start, end, axes, steps] = inputs;
      const [from, to, step] = [start?.dims[0], end?.dims[0], steps ? steps.dims[0] : 1];
      if (a.isScalar || typeof from !== "number" || typeof to !== "number" || step !== 1) return undefined;
      return axes && axes.dims[0] !== 0 ? undefined : vector(a.dims.slice(from, to));
    }
    case "Reshape":
      return a.dims.length === 1 && b?.dims.length === 1 ? vector(a.dims) : undefined;
    case "Mul":
      return b && elementwise(a, b, (p, q) => dimProduct([p, q]));
    case "Div":
      return b && elementwise(a, b, dimQuotient);
    default:
      return undefined;
  }
}

function elementwise(a: ShapeValue, b: ShapeValue, f: (p: Dim, q: Dim) => Dim | undefined): ShapeValue | undefined {
  const length = Math.max(a.dims.length, b.dims.length);
  if ([a, b].some(({ dims }) => dims.length !== length && dims.length !== 1)) return undefined;
  const dims = Array.from({ length }, (_, i) => f(a.dims[i % a.dims.length]!, b.dims[i % b.dims.length]!));
  if (!dims.every((dim) => dim !== undefined)) return undefined;
  return { dims: dims as Dim[], isScalar: a.isScalar && b.isScalar };
}

/** Gives a Reshape whose target names the batch a constant target. */
function constantTarget(
  node: Node,
  types: ReadonlyMap<string, TensorType>,
  known: ReadonlyMap<string, ShapeValue>,
  tensors: Map<string, Tensor>,
): Node {
  const [x = "", target = ""] = node.inputs;
  const dims = known.get(target)?.dims;
  if (node.op !== "Reshape" || node.domain !== "" || node.attributes.allowzero || tensors.has(target) || !dims)
    return node;
  const from = types.get(x)?.shape;
  const copied = dims.map((dim, axis) => (typeof dim === "string" && dim === from?.[axis] ? 0 : dim));
  const left = copied.filter((dim) => typeof dim === "string").length;
  if (left > 1 || (left === 1 && copied.includes(-1))) return node;
  let name = `${target}.constant`;
  while (tensors.has(name) || known.has(name) || types.has(name)) name += "_";
  tensors.set(name, int64(copied.map((dim) => (typeof dim === "string" ? -1 : dim))));
  return { ...node, inputs: [x, name] };
}
