export { type GradientGraph, type GradientRequest, gradients } from "./autodiff/gradients.js";
export {
  appendCrossEntropy,
  type BatchStatistics,
  type LossGraph,
  type TrainingForm,
  toTrainingForm,
  withLoss,
} from "./autodiff/training-form.js";
export { withReversedChannels } from "./classifier/channel-order.js";
export { type FileInput, type ImportedClassifier, importClassifier } from "./classifier/import-classifier.js";
export type { InputChange, InputFormOptions } from "./classifier/input-form.js";
export type { Normalization as FileNormalization } from "./classifier/input-normalization.js";
export { type DecompositionOptions, expandForInference, expandForTraining } from "./decompositions/index.js";
export { type ElementwiseFunction, elementwiseFunctions } from "./elementwise/functions.js";
export { tabulate } from "./elementwise/tabulate.js";
export {
  type ErrorData,
  type ErrorEntry,
  type ErrorValue,
  type GraphErrorCode,
  type GraphErrorData,
  type ModelErrorFacts,
  modelErrors,
} from "./error-codes.js";
export * from "./errors.js";
export { inferTypes, requireSupported } from "./inference/infer-types.js";
export { GraphBuilder, type NodeOptions } from "./ir/builder.js";
export { arrayTypes } from "./ir/element-types.js";
export { fromFloat16Bits } from "./ir/float16.js";
export { namesIn } from "./ir/names.js";
export { operatorList } from "./ir/operator-list.js";
export { printGraph, printNode, printType } from "./ir/printer.js";
export * from "./ir/tensor.js";
export type * from "./ir/types.js";
export { type Uses, usesOf } from "./ir/uses.js";
export { verify } from "./ir/verifier.js";
export { type ReadOptions, readOnnx } from "./onnx/reader.js";
export type { ExternalDataLoader } from "./onnx/tensors.js";
export { type WriteOptions, writeOnnx } from "./onnx/writer.js";
export type * from "./operators/definition.js";
export { codeRange, PACT } from "./operators/fake-quant.js";
export { operatorDefinition, operators } from "./operators/index.js";
export { type Window, windowOf } from "./operators/support/windows.js";
export { type CroppedGraph, cropDeadTaps, wholeWeights } from "./passes/crop-dead-taps.js";
export { foldBatchNorm } from "./passes/fold-batch-norm.js";
export { foldConstants } from "./passes/fold-constants.js";
export { type Pass, type PassEvent, type PassOptions, rulePass, runPasses } from "./passes/pass.js";
export { removeDeadNodes } from "./passes/remove-dead-nodes.js";
export { importPasses, simplifyForImport } from "./passes/simplify.js";
export { withSymbolicBatch } from "./passes/symbolic-batch.js";
export * as pattern from "./patterns/pattern.js";
export { type RewriteEvent, type RewriteOptions, rewrite } from "./patterns/rewriter.js";
export { type RewriteContext, type Rule, type Skip, skip } from "./patterns/rule.js";
export { evaluate } from "./reference/interpreter.js";
export { adviceFor } from "./refusal/known-patterns.js";
