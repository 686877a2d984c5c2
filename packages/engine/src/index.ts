export * from "./errors.js";
export { type CheckOptions, checkProgram, type MemoryRequirement, memoryRequirement } from "./format/check.js";
export { isSbq } from "./format/layout.js";
export type * from "./format/program.js";
export { readSbq } from "./format/reader.js";
export { writeSbq } from "./format/writer.js";
export {
  type CompileOptions,
  compile,
  type Executable,
  type KernelReport,
  type ProfileEntry,
} from "./kernels/executable.js";
export { type ClassifyOptions, loadModel, type Model, type Prediction, softmax } from "./model.js";
export { roundHalfToEven } from "./operators/arithmetic.js";
export { multiplyAdds, operatorMultiplyAdds } from "./operators/index.js";
export { centreCrop, preprocess, toChannels } from "./preprocess/preprocess.js";
export { type Crop, type RawImage, resizeBilinear } from "./preprocess/resize.js";
export {
  createReference,
  quantizeInput,
  type Reference,
  type ReferenceOptions,
  type Trace,
} from "./reference/reference.js";
export { supportedTier, type Tier } from "./wasm/modules.js";
