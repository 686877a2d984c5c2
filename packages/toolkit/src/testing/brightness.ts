/**
 * @file A classifier whose weights are known: it names the brightness of red, and is wrong if images are read in any other way.
 */

import { float32, type Graph, GraphBuilder } from "@subbyte/graph";

/** Shares of full red, by class: not in the order of their names. */
export const brightness = { dark: 0.2, dim: 0.4, light: 0.6, bright: 0.8 } as const;

/** The classes in the order of the network. */
export const brightnessClasses = Object.keys(brightness);

export interface BrightnessOptions {
  /** The value that stands for a full pixel in the input: 1 for pixel / 255, 255 for bytes. */
  readonly unit?: number;
  /** Which channel is red: 0 in RGB, 2 in BGR. */
  readonly red?: 0 | 2;
  /** Number of classes before these of which there are no images. */
  readonly background?: number;
}

/** `[N, 3, 8, 8]` → `[N, 4]`: minus the distance of red from the brightness of each class, times 10. */
export function brightnessNetwork({ unit = 1, red = 0, background = 0 }: BrightnessOptions = {}): Graph {
  const levels = Object.values(brightness).map((level) => level * unit);
  const count = levels.length;
  const b = new GraphBuilder("brightness");
  const x = b.input("image", "float32", ["N", 3, 8, 8]);
  const weight = new Float32Array(2 * count * 3);
  const bias = new Float32Array(2 * count);
  levels.forEach((level, k) => {
    weight[2 * k * 3 + red] = 1;
    bias[2 * k] = -level;
    weight[(2 * k + 1) * 3 + red] = -1;
    bias[2 * k + 1] = level;
  });
  const distances = b.op(
    "Conv",
    [
      x,
      b.constant(float32(weight, [2 * count, 3, 1, 1]), "distance.weight"),
      b.constant(float32(bias), "distance.bias"),
    ],
    { kernel_shape: [1, 1] },
    { name: "distance" },
  );
  const means = b.op("Flatten", [b.op("GlobalAveragePool", [b.op("Relu", [distances])])]);
  const classes = background + count;
  const last = new Float32Array(classes * 2 * count);
  for (let k = 0; k < count; k++)
    last.fill(-10 / unit, ((background + k) * count + k) * 2, ((background + k) * count + k) * 2 + 2);
  const bases = Float32Array.from({ length: classes }, (_, k) => (k < background ? -100 : 0));
  b.output(
    b.op(
      "Gemm",
      [means, b.constant(float32(last, [classes, 2 * count]), "fc.weight"), b.constant(float32(bases), "fc.bias")],
      { transB: 1 },
      { name: "fc" },
    ),
  );
  return b.build();
}
