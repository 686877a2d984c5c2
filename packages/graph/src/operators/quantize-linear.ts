/**
 * @file QuantizeLinear and DequantizeLinear, per tensor or per channel along `axis`. Spec: the ONNX operators, opset 21.
 *
 *   q = saturate(rne(x/s) + z)         x' = s·(q − z)
 */

import { dtypeOfCode } from "../ir/element-types.js";
import { roundHalfToEven } from "../ir/float16.js";
import { toNumbers } from "../ir/tensor.js";
import type { DType, Node, Tensor, TensorType } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit, normalizeAxis } from "./support/attributes.js";
import { numbersOf, tensorOf } from "./support/values.js";

const defaults = { axis: 1, output_dtype: 0 };

const codeRanges: Partial<Record<DType, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint4: [0, 15],
  int4: [-8, 7],
};

/** The type of codes: the zero point's, else `output_dtype`, else uint8. */
function codeType(node: Node, zeroPoint: { readonly dtype: DType } | undefined): DType {
  const { output_dtype } = attributesOf(node, defaults);
  const dtype = zeroPoint?.dtype ?? (output_dtype ? dtypeOfCode(output_dtype, `${node.op} "${node.name}"`) : "uint8");
  if (!codeRanges[dtype]) throw misfit(node, `codes of type ${dtype}`, "4-, 8- or 16-bit integers");
  return dtype;
}

function check(node: Node, x: TensorType, scale: TensorType | undefined): void {
  if (!scale) throw misfit(node, "no scale", "a scale");
  if (attributesOf(node, { block_size: 0 }).block_size !== 0)
    throw misfit(node, "blocked scales", "a scale per tensor or channel");
  if (!x.shape || !scale.shape || scale.shape.length === 0) return;
  if (scale.shape.length !== 1) throw misfit(node, `a scale of shape [${scale.shape}]`, "[] or [channels]");
  if (scale.shape[0] === 1) return;
  const size = x.shape[normalizeAxis(node, attributesOf(node, defaults).axis, x.shape.length)];
  if (typeof size === "number" && size !== scale.shape[0])
    throw misfit(node, `${scale.shape[0]} scales for ${size} channels`, "one each");
}

/** The entry of scale and zero point for each flat position. */
function channelOf(node: Node, x: Tensor, scale: Tensor): (at: number) => number {
  if (scale.data.length === 1) return () => 0;
  const axis = normalizeAxis(node, attributesOf(node, defaults).axis, x.shape.length);
  const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  return (at) => Math.floor(at / inner) % x.shape[axis]!;
}

export const QuantizeLinear: OperatorDefinition = {
  op: "QuantizeLinear",
  required: 2,
  defaults: { axis: 1 },
  infer({ node, inputs: [x, scale, zeroPoint] }) {
    check(node, x!, scale);
    return [{ dtype: codeType(node, zeroPoint), ...(x!.shape ? { shape: x!.shape } : {}) }];
  },
  evaluate(node, [x, scale, zeroPoint]) {
    const dtype = codeType(node, zeroPoint);
    const [low, high] = codeRanges[dtype]!;
    const channel = channelOf(node, x!, scale!);
    const [s, z] = [numbersOf(scale!), zeroPoint ? toNumbers(zeroPoint) : undefined];
    // In float32 the quotient rounds, as in the runtimes.
    const round = x!.dtype === "float32" ? Math.fround : (value: number) => value;
    const codes = Float64Array.from(numbersOf(x!), (value, at) => {
      const c = channel(at);
      return Math.min(high, Math.max(low, roundHalfToEven(round(value / s[c]!)) + (z?.[c] ?? 0)));
    });
    return [tensorOf(dtype, x!.shape, codes)];
  },
};

export const DequantizeLinear: OperatorDefinition = {
  op: "DequantizeLinear",
  required: 2,
  defaults: { axis: 1 },
  infer({ node, inputs: [x, scale] }) {
    check(node, x!, scale);
    return [{ dtype: scale!.dtype, ...(x!.shape ? { shape: x!.shape } : {}) }];
  },
  evaluate(node, [x, scale, zeroPoint]) {
    const channel = channelOf(node, x!, scale!);
    const [s, z] = [numbersOf(scale!), zeroPoint ? toNumbers(zeroPoint) : undefined];
    const values = Float64Array.from(numbersOf(x!), (code, at) => s[channel(at)]! * (code - (z?.[channel(at)] ?? 0)));
    return [tensorOf(scale!.dtype, x!.shape, values)];
  },
};
