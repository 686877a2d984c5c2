/** @file Networks of torchvision as ONNX files, written by Python with PyTorch if this machine has them. */

import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

export interface TorchvisionNetwork {
  readonly name: string;
  readonly family: string;
  /** Side of the images in pixels: small, if the network allows it. */
  readonly size: number;
}

/** One or two networks of each family that runs on integers. */
export const torchvisionNetworks: readonly TorchvisionNetwork[] = [
  { family: "ResNet", name: "resnet18", size: 96 },
  { family: "ResNet", name: "resnet50", size: 96 },
  { family: "ResNeXt", name: "resnext50_32x4d", size: 96 },
  { family: "RegNet-X", name: "regnet_x_400mf", size: 96 },
  { family: "RegNet-Y", name: "regnet_y_400mf", size: 96 },
  { family: "DenseNet", name: "densenet121", size: 96 },
  { family: "MobileNet-v2", name: "mobilenet_v2", size: 96 },
  { family: "MobileNet-v3", name: "mobilenet_v3_small", size: 96 },
  { family: "MobileNet-v3", name: "mobilenet_v3_large", size: 96 },
  { family: "EfficientNet", name: "efficientnet_b0", size: 96 },
  { family: "ShuffleNet-v2", name: "shufflenet_v2_x0_5", size: 96 },
  { family: "SqueezeNet", name: "squeezenet1_1", size: 96 },
  { family: "GoogLeNet, transform_input", name: "googlenet", size: 96 },
  { family: "Inception-v3, transform_input", name: "inception_v3", size: 96 },
  { family: "MNASNet", name: "mnasnet0_5", size: 96 },
  // Their pooling before the linear layers is exported for images of this size only.
  { family: "VGG with batch normalization", name: "vgg11_bn", size: 224 },
  { family: "AlexNet", name: "alexnet", size: 224 },
];

/** Families that are refused, with what the message must name. */
export const refusedNetworks: readonly (TorchvisionNetwork & { readonly patterns: readonly string[] })[] = [
  { family: "ConvNeXt", name: "convnext_tiny", size: 96, patterns: ["layer normalization"] },
  { family: "Vision Transformer", name: "vit_b_16", size: 96, patterns: ["layer normalization", "attention"] },
  { family: "Swin Transformer", name: "swin_t", size: 96, patterns: ["layer normalization", "attention"] },
];

/** The Python interpreter that can import torchvision; undefined if there is none. */
export function pythonWithTorchvision(): string | undefined {
  return ["python3", "/usr/bin/python3"].find((python) => {
    try {
      execFileSync(python, ["-c", "import torch, torchvision"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
}

export interface TorchvisionExport {
  readonly opset: 13 | 17;
  readonly batch: "free" | "fixed";
}

const script = join(import.meta.dirname, "../../scripts/export-torchvision.py");

/** Writes a network with random weights to `folder`, the same in each form, and returns the file of each. */
export async function exportTorchvision(
  python: string,
  { name, size }: TorchvisionNetwork,
  folder: string,
  forms: readonly TorchvisionExport[],
): Promise<readonly string[]> {
  const words = forms.map(({ opset, batch }) => `${name}:${opset}:${batch}`);
  await promisify(execFile)(python, [script, folder, "--size", `${size}`, ...words]);
  return words.map((word) => join(folder, `${word.replaceAll(":", "-")}.onnx`));
}
