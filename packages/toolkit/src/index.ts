export * from "./bench/index.js";
export * from "./data/index.js";
export {
  type ErrorCode,
  type ErrorKind,
  type ToolkitErrorCode,
  type ToolkitErrorData,
  toolkitErrors,
} from "./error-codes.js";
export type { ToolkitErrorFacts } from "./error-facts.js";
export { describeError, type ErrorReport } from "./error-report.js";
export * from "./errors.js";
export * from "./evaluation/index.js";
export { exportQdq, type QdqExport } from "./export/export-qdq.js";
export { QDQ_OPSET, toQdq } from "./export/qdq.js";
export * from "./export/tflite/index.js";
export * from "./files.js";
export { httpStatusOf } from "./http-status.js";
export { type LowerOptions, lower } from "./lowering/lower.js";
export * from "./model-file/index.js";
export * from "./models/index.js";
export type { GuardedOptions, QuantizeOptions } from "./quantization/apply-method.js";
export { AUTO } from "./quantization/auto.js";
export { Check, type CheckImages, type Closeness, checkImages } from "./quantization/check.js";
export { insertFakeQuant } from "./quantization/insert.js";
export { type Method, type MethodOptions, methodByName, methods } from "./quantization/methods.js";
export {
  type BitWidthBudget,
  type ChooseBitWidthsOptions,
  chooseBitWidths,
} from "./quantization/mixed-precision/choose-bit-widths.js";
export type { Front, FrontPoint } from "./quantization/mixed-precision/front.js";
export type { LayerCosts } from "./quantization/mixed-precision/layer-costs.js";
export type { MixedBudget, MixedPrecision } from "./quantization/mixed-precision/mixed-precision.js";
export { type BitPolicy, checkBits, type LayerOverride } from "./quantization/policy.js";
export * from "./quantization/qat/index.js";
export { type Quantization, quantize, quantizeGraph } from "./quantization/quantize.js";
export { type CalibrationInput, setRanges } from "./quantization/ranges.js";
export * from "./quantization/reconstruction/index.js";
export { type LayerSensitivity, layerSensitivity } from "./quantization/sensitivity/index.js";
export { type Synthesis, type SynthesisOptions, synthesizeImages } from "./quantization/synthesis.js";
export * from "./random.js";
export { type SensitivityPage, sensitivityReport } from "./report/sensitivity-report.js";
export * from "./runtime/index.js";
export { codesClassifier, simulatedClassifier } from "./simulation/classifier.js";
export { type CodeSimulation, simulateCodes } from "./simulation/codes.js";
export { lift } from "./simulation/lift.js";
export * from "./training/index.js";
export * from "./weights/index.js";
