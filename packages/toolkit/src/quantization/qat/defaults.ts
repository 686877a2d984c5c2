/**
 * @file Defaults of quantization-aware training, by bit width, optimizer and number of images.
 *
 * Learning rates grow as bits decrease: at 8 bits weights are nearly right, at 2 bits most must change to another code. The
 * rates of SGD are for batches of 64 and follow Esser et al. 2020 (LSQ, 0.01 at 4 bits) and Li et al. 2020 (APoT,
 * arXiv:1909.13144, 0.04 for ResNet-20 at 2 bits). Weight decay is halved per bit below 4, as in LSQ. With few images, the
 * network memorizes them after fewer steps: the rate falls with the root of their number, and more epochs compensate for part
 * of it.
 */

import type { OptimizerOptions } from "../../training/index.js";
import type { Distillation, QatOptions } from "./options.js";

/** The facts that decide the defaults. */
export interface QatSetting {
  /** The smaller of the bit widths of weights and activations, 2 … 8. */
  readonly bits: number;
  readonly optimizer: OptimizerOptions["name"];
  /** Number of training images. */
  readonly images: number;
  /** Images per step. */
  readonly batchSize: number;
  /** Whether there is a float network to learn from. */
  readonly teacher: boolean;
}

/** Values that `qat` uses if the caller gives none. */
export type QatDefaults = Required<
  Pick<QatOptions, "epochs" | "weightDecay" | "stepRate" | "batchNorm" | "dampingWeight" | "quantizer" | "offsets">
> & { readonly learningRate: number; readonly distillation: Distillation | undefined };

const REFERENCE_BATCH = 64;
/** With this many images or more, rates are not reduced. */
const MANY_IMAGES = 20_000;
/** Largest number of epochs, for few images. */
const MOST_EPOCHS = 40;

interface ByBits {
  readonly epochs: number;
  readonly sgd: number;
  readonly adamw: number;
  readonly weightDecay: number;
  readonly damping: number;
}

/** The defaults for 8 to 2 bits; these seven stages take 60 epochs together. */
const byBits: Readonly<Record<number, ByBits>> = {
  8: { epochs: 3, sgd: 1e-3, adamw: 5e-5, weightDecay: 1e-4, damping: 0 },
  7: { epochs: 3, sgd: 1e-3, adamw: 5e-5, weightDecay: 1e-4, damping: 0 },
  6: { epochs: 3, sgd: 2e-3, adamw: 1e-4, weightDecay: 1e-4, damping: 0 },
  5: { epochs: 4, sgd: 4e-3, adamw: 2e-4, weightDecay: 1e-4, damping: 0 },
  4: { epochs: 12, sgd: 1e-2, adamw: 4e-4, weightDecay: 1e-4, damping: 0 },
  3: { epochs: 14, sgd: 2e-2, adamw: 7e-4, weightDecay: 5e-5, damping: 1e-4 },
  2: { epochs: 21, sgd: 2e-2, adamw: 1e-3, weightDecay: 2.5e-5, damping: 1e-4 },
};

/** The defaults for a bit width, an optimizer and a number of images. */
export function qatDefaults({ bits, optimizer, images, batchSize, teacher }: QatSetting): QatDefaults {
  const { epochs, weightDecay, damping, ...rates } = byBits[Math.max(2, Math.min(8, bits))]!;
  const share = Math.min(1, images / MANY_IMAGES);
  const batch = batchSize / REFERENCE_BATCH;
  // The gradient's noise depends on the batch size: SGD's rate is proportional to it, Adam's to its root.
  const byBatch = optimizer === "sgd" ? batch : Math.sqrt(batch);
  return {
    epochs: Math.min(MOST_EPOCHS, Math.ceil(epochs / Math.sqrt(share))),
    learningRate: rates[optimizer] * byBatch * Math.sqrt(share),
    weightDecay,
    stepRate: 1,
    batchNorm: "kept",
    dampingWeight: damping,
    quantizer: "lsq",
    offsets: true,
    distillation: teacher ? { weight: 1, temperature: 4 } : undefined,
  };
}
