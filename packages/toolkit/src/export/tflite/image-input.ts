/** @file The input of an int8 model: image bytes, or normalized values. */

import type { Program } from "@subbyte/engine";
import { conv } from "./layers.js";
import type { ModelBuilder, TensorIndex } from "./model-builder.js";

/** Largest weight of int8. */
const HIGHEST_WEIGHT = 127;

/**
 * Adds the model's input and the operators from it to the program's first tensor.
 *
 * Bytes p stand for p / 255. A depthwise 1×1 convolution normalizes each channel, (p / 255) / std − mean / std. This gives the
 * codes of the program's input tables, except if a value lies half way between two codes.
 *
 * @param codes the program's first tensor, int8
 * @returns the model's input
 */
export function imageInput(
  b: ModelBuilder,
  { preprocessing }: Program,
  type: "uint8" | "float32",
  codes: TensorIndex,
): TensorIndex {
  const { shape } = b.info(codes);
  if (type === "float32") {
    const image = b.tensor("image", { type, shape });
    b.operator("QUANTIZE", [image], [codes]);
    return image;
  }
  const bytes = { scales: [1 / 255], zeroPoint: 0 };
  const image = b.tensor("image", { type, shape, quantization: bytes });
  const signed = b.tensor("image/int8", { type: "int8", shape, quantization: { ...bytes, zeroPoint: -128 } });
  b.operator("QUANTIZE", [image], [signed]);
  const { mean, std } = preprocessing;
  const channels = mean.length;
  const scales = Float32Array.from(std, (deviation) => 1 / (deviation * HIGHEST_WEIGHT));
  const biasScales = scales.map((scale) => scale / 255);
  const layer = {
    name: "normalize",
    data: new Int8Array(channels).fill(HIGHEST_WEIGHT),
    shape: [channels, 1, 1, 1],
    scales,
    bias: Int32Array.from(mean, (value, c) => Math.round(-value / std[c]! / biasScales[c]!)),
    biasScales,
    window: { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const,
    groups: channels,
  };
  conv(b, signed, layer, codes, "none");
  return image;
}
