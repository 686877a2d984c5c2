/**
 * @file The figures of the student project that this project succeeds (December 2021, PyTorch 1.10): top-1 accuracy of its
 * converted networks, which ran in float. Some figures do not measure what they claim; each of those has a note.
 */

import { architectureOf, type Case } from "./cases.js";

export interface PredecessorFigure {
  readonly method: "post-training" | "quantization-aware";
  readonly bits: number;
  /** Top-1 accuracy, 0…1. */
  readonly accuracy: number;
  /** The reason why it does not measure what it claims. */
  readonly invalid?: string;
}

export interface PredecessorCase {
  readonly arch: string;
  readonly data: "cifar10" | "imagenette";
  readonly float: number;
  readonly figures: readonly PredecessorFigure[];
}

const WIDTHS = [8, 7, 6, 5, 4];

type Notes = Readonly<Record<number, string>>;

const figures = (
  method: PredecessorFigure["method"],
  accuracies: readonly number[],
  invalid: Notes | string = {},
): readonly PredecessorFigure[] =>
  accuracies.map((accuracy, i) => {
    const bits = WIDTHS[i]!;
    const note = typeof invalid === "string" ? invalid : invalid[bits];
    return { method, bits, accuracy, ...(note === undefined ? {} : { invalid: note }) };
  });

const STRIDE =
  "its ResNet-50 had the stride in another convolution than the weights were trained with: without any quantization it fell from 96.03 to 82.14 % on ImageNette";

const predecessorCases: readonly PredecessorCase[] = [
  {
    arch: "resnet18",
    data: "cifar10",
    float: 0.8039,
    figures: [
      ...figures("post-training", [0.7968, 0.7926, 0.7539, 0.5153, 0.1336]),
      ...figures("quantization-aware", [0.8057, 0.8118, 0.7689, 0.6344, 0.2257]),
    ],
  },
  {
    arch: "resnet50",
    data: "cifar10",
    float: 0.846,
    figures: [
      ...figures("post-training", [0.2418, 0.2377, 0.1806, 0.1378, 0.1061], STRIDE),
      ...figures("quantization-aware", [0.7934, 0.7908, 0.7334, 0.4095, 0.099]),
    ],
  },
  {
    arch: "resnet18",
    data: "imagenette",
    float: 0.9465,
    figures: [
      ...figures("post-training", [0.9439, 0.9404, 0.9027, 0.255, 0.1284]),
      ...figures("quantization-aware", [0.9439, 0.9401, 0.7689, 0.8061, 0.1332], {
        6: "it was copied from the notebook of CIFAR-10; no such network was kept",
      }),
    ],
  },
  {
    arch: "resnet50",
    data: "imagenette",
    float: 0.9603,
    figures: [
      ...figures(
        "post-training",
        [0.8089, 0.7911, 0.7554, 0.3654, 0.0721],
        `${STRIDE}, and ranges were measured on the test images`,
      ),
      ...figures("quantization-aware", [0.9513, 0.9442, 0.8433, 0.4438, 0.1129]),
    ],
  },
];

/** Sizes of its files and times of its server, which it found to be the same below 8 bits. */
export const predecessorSizes: Readonly<Record<string, { readonly float: number; readonly quantized: number }>> = {
  resnet18: { float: 44.9e6, quantized: 11.2e6 },
  resnet50: { float: 94.8e6, quantized: 23.7e6 },
};

const cifarClasses = "airplane automobile bird cat deer dog frog horse ship truck";
const imagenetteClasses =
  "n01440764 n02102040 n02979186 n03000684 n03028079 n03394916 n03417042 n03425413 n03445777 n03888257";

/** The predecessor's figures for the same network and data set. */
export function predecessorOf(each: Case): PredecessorCase | undefined {
  const classes = each.float.result.accuracy!.classes.toSorted().join(" ");
  const data = classes === cifarClasses ? "cifar10" : classes === imagenetteClasses ? "imagenette" : undefined;
  const arch = architectureOf(each);
  return predecessorCases.find((known) => known.data === data && known.arch === arch);
}
