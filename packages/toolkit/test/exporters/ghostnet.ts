/**
 * @file GhostNet as PyTorch exports it: half of a layer's channels come from a convolution, the others from a depthwise one of these;
 * a Concat, and a Slice for odd numbers of channels. Source: Han et al. 2020, arXiv:1911.11907, and its published code.
 */

import type { Graph } from "@subbyte/graph";
import { Builder } from "./builder.js";

const CLASSES = 10;

function ghost(b: Builder, name: string, x: string, inputs: number, outputs: number, relu = true): string {
  const half = Math.ceil(outputs / 2);
  const active = (value: string): string => (relu ? b.op("Relu", [value]) : value);
  const own = active(b.conv(`${name}/primary_conv/Conv`, x, [half, inputs, 1, 1]));
  const cheap = b.conv(`${name}/cheap_operation/Conv`, own, [half, 1, 3, 3], { group: half, pads: [1, 1, 1, 1] });
  const all = b.op("Concat", [own, active(cheap)], { axis: 1 }, { name: `${name}/Concat` });
  return b.op("Slice", [all, b.ints([0]), b.ints([outputs]), b.ints([1]), b.ints([1])], {}, { name: `${name}/Slice` });
}

function squeezeExcitation(b: Builder, name: string, x: string, channels: number): string {
  const pooled = b.op("GlobalAveragePool", [x]);
  const reduced = b.op("Relu", [b.conv(`${name}/conv_reduce/Conv`, pooled, [8, channels, 1, 1])]);
  const raised = b.op("Add", [b.conv(`${name}/conv_expand/Conv`, reduced, [channels, 8, 1, 1]), b.scalar(3)]);
  const gate = b.op("Div", [b.op("Clip", [raised, b.scalar(0), b.scalar(6)]), b.scalar(6)]);
  return b.op("Mul", [x, gate], {}, { name: `${name}/Mul` });
}

export function ghostNet(): Graph {
  const b = new Builder("ghostnet");
  const image = b.input("input", "float32", ["batch", 3, 48, 48]);
  let x = b.op("Relu", [b.conv("/conv_stem/Conv", image, [16, 3, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] })]);
  let channels = 16;
  for (const [i, [outputs, stride]] of (
    [
      [16, 1],
      [25, 2],
      [25, 1],
    ] as const
  ).entries()) {
    const name = `/blocks/blocks.${i}`;
    const wide = 3 * channels;
    let y = ghost(b, `${name}/ghost1`, x, channels, wide);
    const depthwise = (from: string, at: string, count: number): string => {
      const attributes = { group: count, pads: [1, 1, 1, 1], strides: [stride, stride] };
      return b.conv(at, from, [count, 1, 3, 3], attributes);
    };
    if (stride === 2) y = depthwise(y, `${name}/conv_dw/Conv`, wide);
    y = ghost(b, `${name}/ghost2`, squeezeExcitation(b, `${name}/se`, y, wide), wide, outputs, false);
    const isPlain = stride === 1 && outputs === channels;
    const shortcut = isPlain
      ? x
      : b.conv(`${name}/shortcut.2/Conv`, depthwise(x, `${name}/shortcut.0/Conv`, channels), [outputs, channels, 1, 1]);
    x = b.op("Add", [y, shortcut], {}, { name: `${name}/Add` });
    channels = outputs;
  }
  const features = b.op("GlobalAveragePool", [b.op("Relu", [b.conv("/conv_head/Conv", x, [32, channels, 1, 1])])]);
  const wide = b.op("Flatten", [b.op("Relu", [b.conv("/conv_end/Conv", features, [64, 32, 1, 1])])]);
  const weight = b.weights("classifier.weight", [CLASSES, 64]);
  b.output(b.op("Gemm", [wide, weight, b.constant(b.normal([CLASSES], 0.1), "classifier.bias")], { transB: 1 }));
  return b.build();
}
