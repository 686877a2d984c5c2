/** @file Options that say how a network is quantized after training. */

import * as v from "valibot";
import { choice, decimal, fileSize, flag, integer, text } from "./definition.js";
import {
  calibrationImagesDefault,
  maxDropDefault,
  methodNames,
  percentileDefault,
  sensitivityImagesDefault,
} from "./facts.js";

/** Bit widths for the layers whose name matches; later entries win. */
export const layerOverrides = v.array(
  v.strictObject({
    pattern: v.string(),
    weights: v.exactOptional(v.number()),
    activations: v.exactOptional(v.number()),
  }),
);

const number = v.exactOptional(v.number());

/** Hyperparameters of reconstruction that replace the defaults; `iterations`, `endToEnd` and `mirror` have separate options. */
export const reconstructionSettings = v.strictObject({
  batchSize: number,
  roundingRate: number,
  scaleRate: number,
  biasRate: number,
  stepRate: number,
  regularization: number,
  warmup: number,
  beta: v.exactOptional(v.tuple([v.number(), v.number()])),
  drop: number,
  unit: v.exactOptional(v.picklist(["block", "layer"])),
  endToEndBatchSize: number,
  endToEndRate: number,
  temperature: number,
  vary: v.exactOptional(v.boolean()),
});

const bits = { group: "Bit widths", unit: "bits", min: 2, max: 8, placeholder: "bits" } as const;

export const bitWidthOptions = {
  weights: integer({ ...bits, help: "bit width of weights", default: 8 }),
  activations: integer({ ...bits, help: "bit width of the inputs of layers", default: 8 }),
  policy: {
    kind: "text",
    schema: v.union([v.pipe(v.string(), v.nonEmpty()), layerOverrides]),
    takes: 'a file, or a list of entries such as { "pattern": "layer1*", "weights": 4, "activations": 4 }',
    group: "Bit widths",
    help: "JSON or YAML file with bit widths of single layers",
    placeholder: "file",
    example: "policy.yaml",
  },
  firstLastBits: integer({
    ...bits,
    help: "bit width of the first convolution and the last linear layer",
    advanced: true,
    default: 8,
  }),
  depthwiseBits: integer({
    ...bits,
    help: "smallest bit width of depthwise convolutions, which lose the most accuracy",
    advanced: true,
    default: 8,
  }),
  residualBits: integer({ ...bits, help: "bit width of the residual stream", advanced: true, default: 8 }),
  narrowWeights: flag({
    group: "Bit widths",
    help: "leave out the lowest code of weights of 4 bits and more, which makes their grid symmetric",
    advanced: true,
    default: true,
  }),
  reduceRange: flag({
    group: "Bit widths",
    help: "limit weights to 7 bits, for ONNX runtimes on CPUs without VNNI",
    advanced: true,
    default: false,
  }),
} as const;

export const budgetOptions = {
  avgBits: decimal({
    group: "Budget",
    help: "average bit width of weights and activations; sensitive layers get more bits",
    unit: "bits",
    min: 2,
    placeholder: "bits",
  }),
  maxSize: fileSize({
    group: "Budget",
    help: "largest file size, such as 200kB or 3MB; bit widths of weights are chosen to fit",
    placeholder: "size",
  }),
  maxTime: decimal({
    group: "Budget",
    help: "longest time per image on this machine with one thread, in ms; bit widths are chosen to fit",
    unit: "ms",
    min: 0,
    placeholder: "ms",
  }),
  sensitivityImages: integer({
    group: "Budget",
    help: "images on which the sensitivity of each layer is measured; more images make it more precise",
    unit: "images",
    advanced: true,
    placeholder: "n",
    default: sensitivityImagesDefault,
  }),
} as const;

export const methodOptions = {
  method: choice(methodNames, {
    group: "Method",
    help: "quantization method; auto takes the fastest method that is accurate enough",
    placeholder: "name",
    default: "auto",
  }),
  calibrationImages: integer({
    group: "Method",
    help: "training images on which ranges are measured",
    unit: "images",
    placeholder: "n",
    default: calibrationImagesDefault,
  }),
  maxDrop: decimal({
    group: "Method",
    help: "accuracy drop in percentage points that auto accepts before it tries a slower method",
    unit: "points",
    min: 0,
    placeholder: "points",
    default: maxDropDefault,
  }),
  percentile: decimal({
    group: "Method",
    help: "percentage of values that a range covers, for the method percentile",
    unit: "percent",
    min: 0,
    advanced: true,
    max: 100,
    placeholder: "percent",
    default: percentileDefault,
  }),
  equalize: flag({
    group: "Method",
    help: "first equalize the ranges of channels across neighbouring layers",
    advanced: true,
    default: false,
  }),
  biasCorrection: flag({
    group: "Method",
    help: "correct biases for the mean error of rounded weights",
    advanced: true,
    default: false,
  }),
  iterations: integer({
    group: "Method",
    help: "steps per block, for methods that learn",
    unit: "steps",
    advanced: true,
    placeholder: "n",
  }),
  endToEnd: integer({
    group: "Method",
    help: "steps on the whole network after the blocks, for the method reconstruct",
    unit: "steps",
    min: 0,
    advanced: true,
    placeholder: "n",
  }),
  maxMinutes: decimal({
    group: "Method",
    help: "time limit of learning, in minutes; longer runs get fewer steps (auto has its own limit)",
    unit: "minutes",
    min: 0,
    placeholder: "minutes",
  }),
  mirror: flag({
    group: "Method",
    help: "also learn from mirrored calibration images (harmful for digits and text)",
    advanced: true,
    default: true,
  }),
  reconstruction: {
    kind: "text",
    schema: v.union([v.pipe(v.string(), v.nonEmpty()), reconstructionSettings]),
    takes: 'a file, or settings such as { "drop": 0.5 }',
    group: "Method",
    help: "JSON or YAML file with hyperparameters of methods that learn",
    advanced: true,
    placeholder: "file",
  },
  checkpoint: text({
    group: "Method",
    help: "file for the state of methods that learn; an interrupted run continues from it",
    advanced: true,
    placeholder: "file",
  }),
  force: flag({
    group: "Method",
    help: "write the file even if accuracy collapsed",
    advanced: true,
    default: false,
  }),
} as const;
