/** @file Options that say how a network is quantized after training. */

import * as v from "valibot";
import { choice, decimal, fileSize, flag, integer, text } from "./definition.js";
import {
  autoMinutesDefault,
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

/** Hyperparameters of reconstruction in place of their defaults; `iterations`, `endToEnd` and `mirror` are options of their own. */
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
    help: "bit widths of single layers by name: a JSON or YAML file",
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
    help: "least bit width of depthwise convolutions, which have few weights and lose most",
    advanced: true,
    default: 8,
  }),
  residualBits: integer({ ...bits, help: "bit width of the residual stream", advanced: true, default: 8 }),
  narrowWeights: flag({
    group: "Bit widths",
    help: "leave the lowest code of weights unused at 4 bits and more, which makes their grid symmetric",
    advanced: true,
    default: true,
  }),
  reduceRange: flag({
    group: "Bit widths",
    help: "keep weights within 7 bits, for ONNX runtimes on CPUs without VNNI",
    advanced: true,
    default: false,
  }),
} as const;

export const budgetOptions = {
  avgBits: decimal({
    group: "Budget",
    help: "mean bit width of weights and of activations of inner layers, shared out by sensitivity",
    unit: "bits",
    min: 2,
    placeholder: "bits",
  }),
  maxSize: fileSize({
    group: "Budget",
    help: "size of the file; bit widths of weights are chosen to fit, such as 200kB or 3MB",
    unit: "bytes",
    placeholder: "size",
  }),
  maxTime: decimal({
    group: "Budget",
    help: "time per image on this machine's engine with one thread, in ms; bit widths are chosen to fit",
    unit: "ms",
    min: 0,
    placeholder: "ms",
  }),
  sensitivityImages: integer({
    group: "Budget",
    help: "images on which bit widths of each layer are tried; more tell layers apart that cost nearly the same",
    unit: "images",
    advanced: true,
    placeholder: "n",
    default: sensitivityImagesDefault,
  }),
} as const;

export const methodOptions = {
  method: choice(methodNames, {
    group: "Method",
    help: "how scales and weights are found; auto takes the cheapest method that suffices",
    placeholder: "name",
    default: "auto",
  }),
  calibrationImages: integer({
    group: "Method",
    help: "training images that ranges are measured on",
    unit: "images",
    placeholder: "n",
    default: calibrationImagesDefault,
  }),
  maxDrop: decimal({
    group: "Method",
    help: "percentage points of accuracy that auto may lose before it tries a slower method",
    unit: "points",
    min: 0,
    placeholder: "points",
    default: maxDropDefault,
  }),
  percentile: decimal({
    group: "Method",
    help: "percentage of values within a range, for the method percentile",
    unit: "percent",
    min: 0,
    advanced: true,
    max: 100,
    placeholder: "percent",
    default: percentileDefault,
  }),
  equalize: flag({
    group: "Method",
    help: "cross-layer equalization first: channels of neighbouring layers share their ranges",
    advanced: true,
    default: false,
  }),
  biasCorrection: flag({
    group: "Method",
    help: "subtract the mean errors of rounded weights from the biases",
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
    help: "steps for the whole network after its blocks, for the method reconstruct",
    unit: "steps",
    min: 0,
    advanced: true,
    placeholder: "n",
  }),
  maxMinutes: decimal({
    group: "Method",
    help: `time that learning may take; fewer steps are taken where it would be longer (auto: ${autoMinutesDefault})`,
    unit: "minutes",
    min: 0,
    placeholder: "minutes",
  }),
  mirror: flag({
    group: "Method",
    help: "learn from mirror images of the calibration images too; not for digits and text",
    advanced: true,
    default: true,
  }),
  reconstruction: {
    kind: "text",
    schema: v.union([v.pipe(v.string(), v.nonEmpty()), reconstructionSettings]),
    takes: 'a file, or settings such as { "drop": 0.5 }',
    group: "Method",
    help: "hyperparameters of methods that learn: a JSON or YAML file",
    advanced: true,
    placeholder: "file",
  },
  checkpoint: text({
    group: "Method",
    help: "file in which methods that learn keep their state, and from which they go on",
    advanced: true,
    placeholder: "file",
  }),
  force: flag({
    group: "Method",
    help: "write the file even where accuracy collapsed",
    advanced: true,
    default: false,
  }),
} as const;
