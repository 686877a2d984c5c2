/** @file Reads networks of half and double precision as networks of float32. */

import { dtypeCode, isFloat } from "../ir/element-types.js";
import type { Attribute, Node, Tensor } from "../ir/types.js";
import { numbersOf } from "../operators/support/values.js";

/** `TensorProto.BFLOAT16`: the upper half of a float32. The IR has no type for it. */
export const BFLOAT16 = 16;

const FLOAT32 = dtypeCode("float32");

const otherFloats: ReadonlySet<number> = new Set([BFLOAT16, dtypeCode("float16"), dtypeCode("float64")]);

/** The element type in the float32 network. */
export const widenedCode = (code: number): number => (otherFloats.has(code) ? FLOAT32 : code);

/** Converts a constant of float16 or float64 to float32; others are returned as they are. */
export function widenedTensor(tensor: Tensor): Tensor {
  if (!isFloat(tensor.dtype) || tensor.dtype === "float32") return tensor;
  return { dtype: "float32", shape: tensor.shape, data: Float32Array.from(numbersOf(tensor)) };
}

/** The values of bfloat16 bits. */
export function fromBfloat16(bits: ArrayLike<number>): Float32Array {
  const words = Uint32Array.from(bits, (half) => (half << 16) >>> 0);
  return new Float32Array(words.buffer);
}

/** Attributes that name an element type. */
const typeAttributes: ReadonlySet<string> = new Set(["to", "dtype", "output_dtype"]);

/** Makes a node whose result has another float type compute float32 instead. */
export function widenedNode(node: Node): Node {
  const widened = ([key, value]: readonly [string, Attribute]): [string, Attribute] => {
    if (typeof value === "number" && typeAttributes.has(key)) return [key, widenedCode(value)];
    return [key, value];
  };
  const isNamed = Object.keys(node.attributes).some((key) => typeAttributes.has(key));
  return isNamed ? { ...node, attributes: Object.fromEntries(Object.entries(node.attributes).map(widened)) } : node;
}
