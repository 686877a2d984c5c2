/** @file Small networks that PyTorch writes, one for each way in which people write a part of a classifier. */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

export interface TorchForm {
  /** The form's name in scripts/export-forms.py. */
  readonly form: string;
  readonly label: string;
  readonly opset: number;
}

const of = (form: string, label: string, opset = 13): TorchForm => ({ form, label, opset });

/** Forms that run. The opsets are those that exporters used: the oldest that can express the form, or newer ones. */
export const torchForms: readonly TorchForm[] = [
  ...[7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17].map((opset) => of("residual", "residual block, Dropout", opset)),
  of("residual-fixed", "fixed batch", 9),
  of("initializers-as-inputs", "weights that are inputs too", 8),
  of("unfolded", "constants not folded", 11),
  of("second-file", "weights in a second file"),
  of("double", "float64"),
  of("relu6", "ReLU6", 9),
  of("leaky-relu", "LeakyReLU", 9),
  of("prelu", "PReLU per channel", 9),
  of("prelu-one", "PReLU, one slope", 9),
  of("silu", "SiLU", 11),
  of("gelu", "GELU by Erf", 11),
  of("gelu-tanh", "GELU by tanh"),
  of("mish", "Mish", 11),
  of("elu", "ELU", 9),
  of("celu", "CELU", 12),
  of("selu", "SELU", 9),
  of("softplus", "Softplus", 9),
  of("softsign", "Softsign", 9),
  of("hardswish", "Hardswish", 14),
  of("hardsigmoid", "Hardsigmoid"),
  of("hardtanh", "Hardtanh", 11),
  of("sigmoid", "Sigmoid", 9),
  of("tanh", "Tanh", 9),
  of("hardswish-by-relu6", "x · ReLU6(x + 3) / 6", 10),
  of("clamps", "clamps with one and two bounds", 12),
  of("squeeze-excitation", "squeeze-and-excitation by Sigmoid", 11),
  of("squeeze-excitation-hard", "squeeze-and-excitation by Hardsigmoid"),
  of("layer-scale", "a factor per channel", 11),
  of("fastai-head", "concatenated pools, BatchNorm1d, Linear without bias (fastai)", 11),
  of("means", "means one axis at a time", 11),
  of("mean-of-both", "a mean over height and width", 17),
  of("squeezes", "two Squeezes", 11),
  of("maxima", "amax and a pool of the whole image", 11),
  of("view-of-size", "view(x.size(0), -1)", 9),
  of("view-of-one-fixed", "view(1, -1), fixed batch", 9),
  of("convolution-as-head", "outputs [N, classes, 1, 1] behind a Softmax", 12),
  of("log-softmax", "LogSoftmax", 12),
  of("average-with-ceiling", "average pool with ceil_mode", 11),
  of("zero-padding", "ZeroPad2d", 10),
  of("normalization", "normalization inside the network", 11),
  of("bytes-channels-last", "bytes, channels last", 11),
  of("bgr-by-index", "BGR by indices", 11),
  of("bgr-by-flip", "BGR by flip", 11),
  of("bgr-by-concatenation", "BGR by slices and concatenation", 11),
  of("flat", "a flat vector of pixels, BatchNorm1d", 11),
  of("fake-quantized", "fake quantization (QDQ), scales computed in the file"),
];

export interface RefusedForm extends TorchForm {
  /** Texts that the message must contain. */
  readonly says: readonly string[];
}

const refused = (form: string, label: string, opset: number, ...says: readonly string[]): RefusedForm => ({
  ...of(form, label, opset),
  says,
});

/** Forms that are refused, by their name and with what to do instead. */
export const refusedForms: readonly RefusedForm[] = [
  refused("layer-norm", "LayerNorm", 13, "layer normalization", "take one, such as a MobileNet"),
  refused("layer-norm", "LayerNorm", 17, "layer normalization", "take one, such as a MobileNet"),
  refused("group-norm", "GroupNorm", 11, "group or instance normalization", "batch normalization"),
  refused("instance-norm", "InstanceNorm2d", 11, "group or instance normalization", "batch normalization"),
  refused("local-response-norm", "LocalResponseNorm", 11, "control flow", "If"),
  refused("upsampling", "Upsample", 11, "make images larger", "`output`"),
  refused("transposed-convolution", "ConvTranspose2d", 11, "make images larger", "`output`"),
];

const script = join(import.meta.dirname, "../../scripts/export-forms.py");

/** Writes forms to `folder`; returns the file of each. */
export async function exportTorchForms(
  python: string,
  folder: string,
  forms: readonly TorchForm[],
): Promise<(form: TorchForm) => string> {
  await promisify(execFile)(python, [script, folder, ...forms.map(({ form, opset }) => `${form}:${opset}`)]);
  return ({ form, opset }) => join(folder, `${form}-${opset}.onnx`);
}
