/** @file Converts our unsigned codes to TensorFlow Lite's int8: code q with zero point z becomes q − 128 with z − 128. */

import type { OutputRange, QuantizedTensor } from "@subbyte/engine";
import type { ModelBuilder, Quantization, TensorIndex } from "./model-builder.js";
import type { ActivationName } from "./schema.js";

/** The difference between an unsigned code and its int8 code. */
export const CODE_OFFSET = 128;
export const HIGHEST_CODE = 255;

type Scale = Pick<QuantizedTensor, "scale" | "zeroPoint">;

export const int8Quantization = ({ scale, zeroPoint }: Scale): Quantization => ({
  scales: [scale],
  zeroPoint: zeroPoint - CODE_OFFSET,
});

/** The real interval of a range of codes. */
export const realRange = ({ scale, zeroPoint }: Scale, { lo, hi }: OutputRange): readonly [number, number] => [
  scale * (lo - zeroPoint),
  scale * (hi - zeroPoint),
];

/** The scale and zero point with which codes 0 … 255 cover an interval and represent 0 exactly. */
export function scaleFor([low, high]: readonly [number, number]): Scale {
  const [bottom, top] = [Math.min(0, low), Math.max(0, high)];
  const scale = Math.fround((top - bottom) / HIGHEST_CODE) || 1;
  return { scale, zeroPoint: Math.round(-bottom / scale) };
}

const codeOf = ({ scale, zeroPoint }: Scale, real: number): number =>
  Math.min(HIGHEST_CODE, Math.max(0, Math.round(real / scale) + zeroPoint));

const intervals = { relu6: [0, 6], reluN1To1: [-1, 1] } as const;

/** The fused activation that clamps codes to the range; undefined if there is none. */
export function activationFor(tensor: Scale, { lo, hi }: OutputRange): ActivationName | undefined {
  if (lo === 0 && hi === HIGHEST_CODE) return "none";
  if (lo === tensor.zeroPoint && hi === HIGHEST_CODE) return "relu";
  for (const [name, [low, high]] of Object.entries(intervals))
    if (codeOf(tensor, low) === lo && codeOf(tensor, high) === hi) return name as ActivationName;
  return undefined;
}

/** Clamps codes by two operators, MAXIMUM and MINIMUM. */
export function clampCodes(b: ModelBuilder, input: TensorIndex, { lo, hi }: OutputRange, output: TensorIndex): void {
  const { name, type, shape, quantization } = b.info(output);
  const like = { type, quantization: quantization! };
  const bound = (word: string, code: number): TensorIndex =>
    b.constant(`${name}/${word}`, Int8Array.of(code - CODE_OFFSET), { ...like, shape: [1] });
  const between = b.tensor(`${name}/raised`, { ...like, shape });
  b.operator("MAXIMUM", [input, bound("lowest", lo)], [between]);
  b.operator("MINIMUM", [between, bound("highest", hi)], [output]);
}
