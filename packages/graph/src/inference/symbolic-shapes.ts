/**
 * @file Shape arithmetic with symbols. It finds the integer scalars and vectors of a graph that are lists of dimensions, for
 * instance `[N, 64]`, although the batch size is not a number.
 */

import { dimProduct, dimQuotient } from "../ir/dims.js";
import { toNumbers } from "../ir/tensor.js";
import type { Dim, Graph, Node, Tensor, TensorType } from "../ir/types.js";

/** An int64 or int32 scalar or vector whose elements are dimensions. */
export interface ShapeValue {
  readonly dims: readonly Dim[];
  readonly isScalar: boolean;
}

/** Shapes have few elements; longer constants are data. */
const LONGEST_SHAPE = 64;

/** `TensorProto.INT32` and `INT64`; TensorFlow computes shapes in the first. */
const INTEGERS: ReadonlySet<unknown> = new Set([6, 7]);

/** Follows shapes node by node, in topological order. */
export class ShapeValues {
  readonly #values = new Map<string, ShapeValue>();

  constructor(tensors: Graph["tensors"]) {
    for (const [name, tensor] of tensors) {
      const value = constantShape(tensor);
      if (value) this.#values.set(name, value);
    }
  }

  get(value: string): ShapeValue | undefined {
    return this.#values.get(value);
  }

  /** Adds the output of a node if it consists of dimensions. `typeOf` gives the types of the node's inputs. */
  follow(node: Node, typeOf: (value: string) => TensorType | undefined): void {
    if (node.domain !== "") return;
    const value =
      node.op === "Shape"
        ? shapeOf(node, typeOf(node.inputs[0] ?? ""))
        : compute(
            node,
            node.inputs.map((input) => this.#values.get(input)),
          );
    if (value && value.dims.length <= LONGEST_SHAPE) this.#values.set(node.outputs[0]!, value);
  }
}

function constantShape(tensor: Tensor): ShapeValue | undefined {
  const isInteger = tensor.dtype === "int64" || tensor.dtype === "int32";
  if (!isInteger || tensor.shape.length > 1 || tensor.data.length > LONGEST_SHAPE) return undefined;
  const dims = toNumbers(tensor);
  return dims.every(Number.isSafeInteger) ? { dims, isScalar: tensor.shape.length === 0 } : undefined;
}

function shapeOf({ attributes }: Node, type: TensorType | undefined): ShapeValue | undefined {
  if (!type?.shape) return undefined;
  const { start, end } = attributes as { start?: number; end?: number };
  return { dims: type.shape.slice(start ?? 0, end ?? type.shape.length), isScalar: false };
}

/** The result of an operator on shapes; undefined if an input is unknown or the operator is not supported here. */
function compute(node: Node, inputs: readonly (ShapeValue | undefined)[]): ShapeValue | undefined {
  const [a, b] = inputs;
  if (!a) return undefined;
  const vector = (dims: readonly Dim[]): ShapeValue => ({ dims, isScalar: false });
  switch (node.op) {
    case "Identity":
      return a;
    case "Cast":
      return INTEGERS.has(node.attributes.to) ? a : undefined;
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
    case "Add":
      return b && elementwise(a, b, (p, q) => numeric(p, q, (x, y) => x + y));
    case "Sub":
      return b && elementwise(a, b, (p, q) => numeric(p, q, (x, y) => x - y));
    case "Mul":
      return b && elementwise(a, b, (p, q) => dimProduct([p, q]));
    case "Div":
      return b && elementwise(a, b, (p, q) => numeric(p, q, (x, y) => Math.floor(x / y)) ?? dimQuotient(p, q));
    default:
      return undefined;
  }
}

/** The result for numbers. Undefined for symbols, and if the result is not a valid number of elements. */
function numeric(p: Dim, q: Dim, f: (p: number, q: number) => number): number | undefined {
  if (typeof p !== "number" || typeof q !== "number") return undefined;
  const result = f(p, q);
  return Number.isFinite(result) && result >= 0 ? result : undefined;
}

function elementwise(a: ShapeValue, b: ShapeValue, f: (p: Dim, q: Dim) => Dim | undefined): ShapeValue | undefined {
  const length = Math.max(a.dims.length, b.dims.length);
  // A negative number is a marker such as −1, "the rest", and no dimension to compute with.
  if ([...a.dims, ...b.dims].some((dim) => typeof dim === "number" && dim < 0)) return undefined;
  if ([a, b].some(({ dims }) => dims.length !== length && dims.length !== 1)) return undefined;
  const dims = Array.from({ length }, (_, i) => f(a.dims[i % a.dims.length]!, b.dims[i % b.dims.length]!));
  if (!dims.every((dim) => dim !== undefined)) return undefined;
  return { dims: dims as Dim[], isScalar: a.isScalar && b.isScalar };
}
