/**
 * @file Expresses ONNX's explicit padding in TensorFlow Lite: as SAME, as VALID, or by a padding operator before a VALID
 * window.
 */

/** A window over height and width. */
export interface Window2D {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

export type PaddingForm =
  | { readonly kind: "same" | "valid" }
  /** Elements to add before a VALID window: top, left, bottom, right. */
  | { readonly kind: "explicit"; readonly pads: readonly [number, number, number, number] };

/**
 * The form that reads the same elements. Padding after the image counts only as far as windows reach, so output sizes that were
 * rounded up are right, too.
 *
 * @param input height and width
 * @param output height and width
 */
export function paddingForm(
  input: readonly [number, number],
  output: readonly [number, number],
  { kernel, strides, dilations, pads }: Window2D,
): PaddingForm {
  const axes = ([0, 1] as const).map((axis) => {
    const extent = dilations[axis] * (kernel[axis] - 1) + 1;
    const reach = (output[axis] - 1) * strides[axis] + extent;
    const before = pads[axis];
    const total = Math.max(0, reach - input[axis]);
    return {
      before,
      after: Math.max(0, reach - input[axis] - before),
      isSame: output[axis] === Math.ceil(input[axis] / strides[axis]) && before === Math.floor(total / 2),
    };
  });
  const [vertical, horizontal] = axes as [(typeof axes)[0], (typeof axes)[0]];
  if (axes.every(({ before, after }) => before === 0 && after === 0)) return { kind: "valid" };
  if (axes.every(({ isSame }) => isSame)) return { kind: "same" };
  return { kind: "explicit", pads: [vertical.before, horizontal.before, vertical.after, horizontal.after] };
}
