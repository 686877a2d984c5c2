/** @file Options of measurements, of how work is run, and of what is written. */

import * as v from "valibot";
import { choice, flag, integer, numbers, text, texts } from "./definition.js";
import { downloadNames } from "./facts.js";

export const runOptions = {
  seed: integer({ group: "Run", help: "seed of everything random", min: 0, placeholder: "n", default: 0 }),
  threads: integer({ group: "Run", help: "threads; all cores by default", unit: "threads", placeholder: "n" }),
  batch: integer({ group: "Run", help: "images at once", unit: "images", placeholder: "n", default: 64 }),
} as const;

export const outputOptions = {
  out: text({ group: "Output", help: "where the result goes", placeholder: "path" }),
  predictions: text({
    group: "Output",
    help: "write the predicted class of every image as JSON",
    placeholder: "file",
  }),
  format: choice(["qdq", "tflite", "sbq"], {
    group: "Output",
    help: "qdq: ONNX with QuantizeLinear and DequantizeLinear; tflite: for LiteRT; sbq: for the engine",
    placeholder: "format",
    default: "qdq",
  }),
  policyTemplate: text({
    group: "Output",
    help: "write a policy file of all layers, to be edited; with `compare`, of the proposed bit widths",
    placeholder: "file",
    example: "policy.yaml",
  }),
  report: text({
    group: "Output",
    help: "HTML page with histograms of each layer's weights and input on their grids",
    placeholder: "file",
  }),
} as const;

export const measurementOptions = {
  simulate: choice(["float", "codes"], {
    group: "Measurement",
    help: "run a .sbq on ONNX Runtime instead of the engine",
    placeholder: "form",
    advanced: true,
  }),
  tier: choice(["auto", "scalar", "simd", "relaxed", "fused"], {
    group: "Measurement",
    help: "instruction set of the engine; auto takes the fastest, the logits are the same in all",
    placeholder: "tier",
    advanced: true,
    default: "auto",
  }),
  disableQuantQdq: flag({
    group: "Measurement",
    help: "keep ONNX Runtime from fusing quantized ONNX into integer kernels",
    advanced: true,
    default: false,
  }),
  eachLayer: flag({
    group: "Measurement",
    help: "accuracy with each layer alone quantized and each alone kept float",
    default: false,
  }),
  engine: flag({
    group: "Measurement",
    help: "race the engine against LiteRT.js, tfjs-backend-wasm, onnxruntime-web and -node, in turn",
    default: false,
  }),
  training: flag({
    group: "Measurement",
    help: "training steps in float and quantized, against PyTorch where a Python has it, in turn",
    default: false,
  }),
  networks: texts(
    {
      group: "Measurement",
      help: "architectures with image sizes",
      placeholder: "list",
      example: "resnet18-224,resnet18-cifar-32",
    },
    v.pipe(v.string(), v.regex(/^.+-\d+$/)),
    "names with image sizes such as resnet18-224",
  ),
  bits: numbers(
    {
      group: "Measurement",
      help: "bit widths of weights and activations",
      unit: "bits",
      placeholder: "list",
      example: "8,4,2",
    },
    v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(8)),
    "bit widths from 2 to 8",
  ),
  only: texts({
    group: "Measurement",
    help: "comparisons whose key contains one of these",
    placeholder: "list",
    example: "w4a4/ort-web",
  }),
  turns: integer({
    group: "Measurement",
    help: "turns that every contestant gets; training steps",
    placeholder: "n",
    default: 15,
  }),
  browser: flag({ group: "Measurement", help: "in headless Chromium instead of Node", default: false }),
  browserFlag: texts({
    group: "Measurement",
    help: "flags that Chromium is started with, to measure as on another machine",
    placeholder: "list",
    example: "--js-flags=--no-enable-avx-vnni",
  }),
  profile: flag({
    group: "Measurement",
    help: "where the time goes, without peers: the engine's layer by layer, a training step's by what is done",
    default: false,
  }),
} as const;

export const downloadOptions = {
  name: choice(downloadNames, { group: "Images", help: "data set", placeholder: "name" }),
  url: text({
    group: "Images",
    help: "a mirror to fetch from; the checksum stays the official one",
    placeholder: "url",
    advanced: true,
  }),
} as const;
