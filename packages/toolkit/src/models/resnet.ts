/**
 * @file Residual networks: those for ImageNet (He et al. 2016, arXiv:1512.03385) as in torchvision, those for CIFAR-10
 * (§4.2 of the same paper) as Yerlan Idelbayev's `pytorch_resnet_cifar10` has them, and a small one for MNIST.
 */

import type { Architecture, Stem } from "./architecture.js";
import type { Feature, Layers } from "./layers.js";

interface ResNet {
  /** Number of residual blocks per stage; each stage but the first begins with stride 2. */
  readonly blocks: readonly number[];
  /** Number of channels of each stage's 3 × 3 convolutions. */
  readonly widths: readonly number[];
  readonly block: Block;
  readonly shortcut: Shortcut;
  /** Name of the last layer. */
  readonly head: string;
}

/** The main branch of a residual block, up to its last batch normalization. */
type Block = (layers: Layers, path: string, x: Feature, width: number, stride: number) => Feature;

/** The other operand of the addition, if the branch's output and the block's input differ in shape. */
type Shortcut = (layers: Layers, path: string, x: Feature, channels: number, stride: number) => Feature;

const basic: Block = (layers, path, x, width, stride) => {
  let y = layers.conv(`${path}.conv1`, x, { out: width, kernel: 3, stride });
  y = layers.relu(`${path}.relu1`, layers.batchNorm(`${path}.bn1`, y));
  y = layers.conv(`${path}.conv2`, y, { out: width, kernel: 3 });
  return layers.batchNorm(`${path}.bn2`, y);
};

/**
 * A block of three convolutions, with the stride in the 3 × 3 one, as in torchvision ("v1.5"), not in the first as in the
 * paper.
 */
const bottleneck: Block = (layers, path, x, width, stride) => {
  let y = layers.conv(`${path}.conv1`, x, { out: width, kernel: 1 });
  y = layers.relu(`${path}.relu1`, layers.batchNorm(`${path}.bn1`, y));
  y = layers.conv(`${path}.conv2`, y, { out: width, kernel: 3, stride });
  y = layers.relu(`${path}.relu2`, layers.batchNorm(`${path}.bn2`, y));
  y = layers.conv(`${path}.conv3`, y, { out: 4 * width, kernel: 1 });
  return layers.batchNorm(`${path}.bn3`, y);
};

/** Option B of the paper: a strided 1 × 1 convolution. */
const projection: Shortcut = (layers, path, x, channels, stride) =>
  layers.batchNorm(
    `${path}.downsample.1`,
    layers.conv(`${path}.downsample.0`, x, { out: channels, kernel: 1, stride }),
  );

/** Option A of the paper: every second pixel, and channels of zeros; it has no parameters. */
const padding: Shortcut = (layers, path, x, channels) =>
  layers.padChannels(`${path}.shortcut.pad`, layers.subsample(`${path}.shortcut.slice`, x), channels);

function stemOf(layers: Layers, x: Feature, width: number, stem: Stem): Feature {
  const conv = stem === "imagenet" ? { kernel: 7, stride: 2 } : { kernel: 3 };
  const y = layers.relu("relu", layers.batchNorm("bn1", layers.conv("conv1", x, { out: width, ...conv })));
  return stem === "imagenet" ? layers.maxPool("maxpool", y) : y;
}

function build(layers: Layers, input: Feature, net: ResNet, stem: Stem, classes: number): void {
  let x = stemOf(layers, input, net.widths[0]!, stem);
  for (const [stage, count] of net.blocks.entries()) {
    for (let index = 0; index < count; index++) {
      const path = `layer${stage + 1}.${index}`;
      const stride = stage > 0 && index === 0 ? 2 : 1;
      const branch = net.block(layers, path, x, net.widths[stage]!, stride);
      const fits = stride === 1 && branch.channels === x.channels;
      const residual = fits ? x : net.shortcut(layers, path, x, branch.channels, stride);
      x = layers.relu(`${path}.relu`, layers.add(`${path}.add`, branch, residual));
    }
  }
  layers.classifier(net.head, layers.globalAveragePool(x), classes);
}

type Family = Omit<ResNet, "blocks"> & Pick<Architecture, "stems" | "size" | "channels">;

const member = (name: string, description: string, { stems, size, channels, ...net }: Family, blocks: number[]) =>
  ({
    name,
    description,
    stems,
    size,
    channels,
    build: (layers, input, { stem, classes }) => build(layers, input, { ...net, blocks }, stem, classes),
  }) satisfies Architecture;

const imagenet = (block: Block): Family => ({
  block,
  shortcut: projection,
  head: "fc",
  widths: [64, 128, 256, 512],
  stems: ["imagenet", "cifar"],
  size: 224,
  channels: 3,
});

const cifar: Family = {
  block: basic,
  shortcut: padding,
  head: "linear",
  widths: [16, 32, 64],
  stems: ["cifar"],
  size: 32,
  channels: 3,
};

const mnist: Family = { ...cifar, shortcut: projection, head: "fc", widths: [8, 16, 32], size: 28, channels: 1 };

export const resnets: readonly Architecture[] = [
  member("resnet18", "ResNet-18 of torchvision", imagenet(basic), [2, 2, 2, 2]),
  member("resnet34", "ResNet-34 of torchvision", imagenet(basic), [3, 4, 6, 3]),
  member("resnet50", "ResNet-50 of torchvision", imagenet(bottleneck), [3, 4, 6, 3]),
  member("resnet101", "ResNet-101 of torchvision", imagenet(bottleneck), [3, 4, 23, 3]),
  member("resnet152", "ResNet-152 of torchvision", imagenet(bottleneck), [3, 8, 36, 3]),
  ...[20, 32, 44, 56, 110].map((depth) => {
    const blocks = (depth - 2) / 6;
    return member(`resnet${depth}`, `ResNet-${depth} for CIFAR`, cifar, [blocks, blocks, blocks]);
  }),
  member("resnet8", "small ResNet for 28 × 28 grey images", mnist, [1, 1, 1]),
];
