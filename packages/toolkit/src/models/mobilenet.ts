/** @file MobileNet-v2 (Sandler et al. 2018, arXiv:1801.04381) as in torchvision. */

import type { Architecture } from "./architecture.js";
import type { ConvOptions, Feature, Layers } from "./layers.js";

/** Table 2 of the paper: expansion, output channels, blocks, stride of the first of them. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

function convNormRelu6(layers: Layers, path: string, x: Feature, options: ConvOptions): Feature {
  const y = layers.batchNorm(`${path}.1`, layers.conv(`${path}.0`, x, options));
  return layers.relu6(`${path}.2`, y);
}

/** Expands by a 1 × 1 convolution, filters each channel, and projects back without an activation. */
function invertedResidual(layers: Layers, path: string, x: Feature, expansion: number, out: number, stride: number) {
  let index = 0;
  let y = x;
  if (expansion !== 1)
    y = convNormRelu6(layers, `${path}.conv.${index++}`, y, { out: x.channels * expansion, kernel: 1 });
  const depthwise = { out: y.channels, kernel: 3, stride, groups: y.channels };
  y = convNormRelu6(layers, `${path}.conv.${index++}`, y, depthwise);
  y = layers.conv(`${path}.conv.${index++}`, y, { out, kernel: 1 });
  y = layers.batchNorm(`${path}.conv.${index}`, y);
  return stride === 1 && x.channels === out ? layers.add(`${path}.add`, x, y) : y;
}

export const mobilenets: readonly Architecture[] = [
  {
    name: "mobilenet_v2",
    description: "MobileNet-v2 of torchvision",
    stems: ["imagenet"],
    size: 224,
    channels: 3,
    build(layers, input, { classes }) {
      let index = 0;
      let x = convNormRelu6(layers, `features.${index++}`, input, { out: 32, kernel: 3, stride: 2 });
      for (const [expansion, out, count, stride] of STAGES)
        for (let block = 0; block < count; block++)
          x = invertedResidual(layers, `features.${index++}`, x, expansion, out, block === 0 ? stride : 1);
      x = convNormRelu6(layers, `features.${index}`, x, { out: 1280, kernel: 1 });
      layers.classifier("classifier.1", layers.globalAveragePool(x), classes);
    },
  },
];
