/** @file Options of measurements, of running, and of output files. */

import * as v from "valibot";
import { choice, flag, integer, numbers, text, texts } from "./definition.js";
import { devices, downloadNames } from "./facts.js";

export const runOptions = {
  seed: integer({ group: "Run", help: "random seed", min: 0, placeholder: "n", default: 0 }),
  threads: integer({
    group: "Run",
    help: "number of threads; all cores by default",
    unit: "threads",
    placeholder: "n",
  }),
  device: choice(devices, {
    group: "Run",
    help: "where float networks are computed and trained (default: cpu); the integer engine is not affected",
    placeholder: "name",
    advanced: true,
  }),
  batch: integer({ group: "Run", help: "images per batch", unit: "images", placeholder: "n", default: 64 }),
} as const;

export const outputOptions = {
  out: text({ group: "Output", help: "path of the result", placeholder: "path" }),
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
    help: "write a policy file to edit, with all layers; with `compare`, it has the proposed bit widths",
    placeholder: "file",
    example: "policy.yaml",
  }),
  report: text({
    group: "Output",
    help: "write an HTML page with histograms of each layer's weights and inputs",
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
    help: "instruction set of the engine; auto takes the fastest, and all give the same logits",
    placeholder: "tier",
    advanced: true,
    default: "auto",
  }),
  disableQuantQdq: flag({
    group: "Measurement",
    help: "run quantized ONNX without fusing it into integer kernels of ONNX Runtime",
    advanced: true,
    default: false,
  }),
  eachLayer: flag({
    group: "Measurement",
    help: "also measure accuracy with only this layer quantized, and with only this layer in float",
    default: false,
  }),
  engine: flag({
    group: "Measurement",
    help: "time the engine in turn with LiteRT.js, tfjs-backend-wasm, onnxruntime-web and onnxruntime-node",
    default: false,
  }),
  training: flag({
    group: "Measurement",
    help: "time training steps, float and quantized, in turn with PyTorch if it is installed",
    default: false,
  }),
  networks: texts(
    {
      group: "Measurement",
      help: "architectures with their image sizes",
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
    help: "only comparisons whose name contains one of these words",
    placeholder: "list",
    example: "w4a4/ort-web",
  }),
  against: texts({
    group: "Measurement",
    help: "model files to compare: a .sbq on the engine, others on onnxruntime or, with `browser`, in a page",
    placeholder: "files",
    example: "model.onnx",
  }),
  turns: integer({
    group: "Measurement",
    help: "number of turns per runtime, or of training steps",
    placeholder: "n",
    default: 15,
  }),
  browser: flag({ group: "Measurement", help: "measure in headless Chromium instead of Node", default: false }),
  browserFlag: texts({
    group: "Measurement",
    help: "command-line flags for Chromium, for example to switch off an instruction set",
    placeholder: "list",
    example: "--js-flags=--no-enable-avx-vnni",
  }),
  profile: flag({
    group: "Measurement",
    help: "show where the time goes: by layer of the engine, or by part of a training step",
    default: false,
  }),
} as const;

export const downloadOptions = {
  name: choice(downloadNames, { group: "Images", help: "data set", placeholder: "name" }),
  url: text({
    group: "Images",
    help: "mirror to download from; the official checksum must match",
    placeholder: "url",
    advanced: true,
  }),
} as const;
