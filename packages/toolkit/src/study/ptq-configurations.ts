/** @file The configurations of the table of post-training quantization, and their ablations. */

import { UsageError } from "../errors.js";
import type { BitPolicy } from "../quantization/policy.js";
import type { ReconstructionOptions } from "../quantization/reconstruction/index.js";

/** Where calibration images come from; counts and steps are the toolkit's own where absent. */
export type CalibrationSource =
  /** A sample of the training split by seed; labels are not looked at. */
  | { readonly kind: "training"; readonly images?: number }
  /** Made from the statistics of batch normalization; no image is looked at. */
  | { readonly kind: "synthesis"; readonly images?: number; readonly iterations?: number };

/** How layers get their widths. */
export type WidthChoice =
  | { readonly kind: "policy"; readonly policy: BitPolicy }
  /**
   * By sensitivity measured on `images`, from `widths`, 2 … 8 where absent; `averageBits` is the mean of inner layers' weights over
   * parameters, and of their inputs over elements.
   */
  | {
      readonly kind: "mixed";
      readonly averageBits: number;
      readonly images?: number;
      readonly widths?: readonly number[];
    };

/** One line of the table. */
export interface PtqConfiguration {
  /** Without commas, which separate names on the command line. */
  readonly name: string;
  readonly calibration: CalibrationSource;
  readonly widths: WidthChoice;
  /** A name of `methods`. */
  readonly method: string;
  /** Hyperparameters that differ from the method's own. */
  readonly reconstruction?: Partial<ReconstructionOptions>;
  readonly equalize?: boolean;
  readonly biasCorrection?: boolean;
  /** Of an ablation: the name of the configuration that it differs from in one thing. */
  readonly ablates?: string;
}

const training: CalibrationSource = { kind: "training" };
const synthesis: CalibrationSource = { kind: "synthesis" };
const bits = (weights: number, activations: number, more: Partial<BitPolicy> = {}): WidthChoice => ({
  kind: "policy",
  policy: { weights, activations, ...more },
});

/** Ranges alone, by least squared error. */
const ranges = (name: string, widths: WidthChoice, calibration: CalibrationSource = training): PtqConfiguration => ({
  name,
  calibration,
  widths,
  method: "mse",
});
const reconstructed = (
  name: string,
  widths: WidthChoice,
  reconstruction?: Partial<ReconstructionOptions>,
  calibration: CalibrationSource = training,
): PtqConfiguration => ({
  name,
  calibration,
  widths,
  method: "reconstruct",
  ...(reconstruction ? { reconstruction } : {}),
});

const w3a3 = reconstructed("W3A3", bits(3, 3));
const mixed = reconstructed("mixed 3 bits", { kind: "mixed", averageBits: 3, images: 1024 }, { endToEnd: 1500 });

const rows: readonly PtqConfiguration[] = [
  ranges("W8A8 ranges", bits(8, 8)),
  ranges("W6A6 ranges", bits(6, 6)),
  ranges("W4A4 ranges", bits(4, 4)),
  reconstructed("W4A8", bits(4, 8)),
  reconstructed("W4A4", bits(4, 4)),
  reconstructed("W4A4 every layer", bits(4, 4, { firstLastBits: 4 }), { iterations: 6000 }),
  w3a3,
  reconstructed("W2A2", bits(2, 2)),
  mixed,
  ranges("W4A4 no data ranges", bits(4, 4), synthesis),
  reconstructed("W4A4 no data", bits(4, 4), undefined, synthesis),
];

/** What more images bring, and more steps a block to learn from them. */
const manyImages = ({ name, reconstruction, ...configuration }: PtqConfiguration): PtqConfiguration => ({
  ...configuration,
  name: `${name} 8192 images`,
  calibration: { kind: "training", images: 8192 },
  reconstruction: { ...reconstruction, iterations: 5000 },
});

const ablating = (ablates: string, configurations: readonly PtqConfiguration[]): readonly PtqConfiguration[] =>
  configurations.map((configuration) => ({ ...configuration, ablates }));

/** What blocks learn, without the pass after them and with a third of their steps: the same comparison in a quarter of the time. */
const blocks = (change = "", reconstruction: Partial<ReconstructionOptions> = {}): PtqConfiguration =>
  reconstructed(`W3A3 short blocks ${change}`.trim(), bits(3, 3), { iterations: 1000, endToEnd: 0, ...reconstruction });

/** One change each. */
const ablations: readonly PtqConfiguration[] = [
  ...ablating("W4A4 ranges", [
    { ...ranges("W4A4 ranges minmax", bits(4, 4)), method: "minmax" },
    { ...ranges("W4A4 ranges percentile", bits(4, 4)), method: "percentile" },
    { ...ranges("W4A4 ranges kl", bits(4, 4)), method: "kl" },
    { ...ranges("W4A4 ranges equalized", bits(4, 4)), equalize: true },
    { ...ranges("W4A4 ranges bias correction", bits(4, 4)), biasCorrection: true },
  ]),
  ...ablating("W4A4", [
    { ...reconstructed("W4A4 adaround", bits(4, 4)), method: "adaround" },
    reconstructed("W4A4 full weight range", bits(4, 4, { narrowWeights: false })),
    reconstructed("W4A4 residual 4 bits", bits(4, 4, { residualBits: 4 })),
  ]),
  ...ablating("W3A3", [
    reconstructed("W3A3 no variations", bits(3, 3), { vary: false }),
    reconstructed("W3A3 blocks alone", bits(3, 3), { endToEnd: 0 }),
  ]),
  blocks(),
  ...ablating(blocks().name, [
    blocks("no mirror images", { mirror: false }),
    blocks("drop 0.5", { drop: 0.5 }),
    blocks("weight scales fixed", { scaleRate: 0 }),
    blocks("biases fixed", { biasRate: 0 }),
    blocks("steps fixed", { stepRate: 0 }),
  ]),
  ...ablating("W2A2", [reconstructed("W2A2 blocks alone", bits(2, 2), { endToEnd: 0 })]),
];

export const ptqConfigurations: readonly PtqConfiguration[] = [...rows, ...[w3a3, mixed].map(manyImages), ...ablations];

/** @throws {UsageError} listing the names there are */
export function ptqConfiguration(name: string): PtqConfiguration {
  const found = ptqConfigurations.find((configuration) => configuration.name === name);
  if (!found)
    throw new UsageError(
      "option-choice",
      { option: "configuration", value: name, allowed: ptqConfigurations.map((each) => each.name) },
      `there is no configuration "${name}"; take one of ${ptqConfigurations.map((each) => `"${each.name}"`).join(", ")}`,
    );
  return found;
}
