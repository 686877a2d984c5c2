export type {
  EngineErrorCode,
  EngineErrorData,
  EnvironmentErrorCode,
  FormatErrorCode,
  InputErrorCode,
  LoadErrorCode,
} from "./error-codes.js";
export { EnvironmentError, FormatError, InputError, LoadError } from "./errors.js";
export { isSbq } from "./format/layout.js";
export { readSbq } from "./format/reader.js";
export { writeSbq } from "./format/writer.js";
export type { LayerProfile, ModelInfo, Tensor, TierName } from "./host/host.js";
export { decodeImage, type ImageInput, pixelsOf } from "./image/picture.js";
export {
  type CompileOptions,
  compile,
  type Executable,
  type KernelReport,
  type ProfileEntry,
} from "./kernels/executable.js";
export { inspect, type LoadOptions, load } from "./load.js";
export type { ClassifyOptions, Model } from "./model.js";
export { classProbabilities, type Prediction, rank, softmax } from "./prediction.js";
export { centreCrop, preprocess, toChannels } from "./preprocess/preprocess.js";
export { type Crop, type RawImage, resizeBilinear } from "./preprocess/resize.js";
export { type CheckOptions, checkProgram, type MemoryRequirement } from "./program/check.js";
export {
  memoryRequirement,
  multiplyAdds,
  operatorMultiplyAdds,
  quantizeInput,
  roundHalfToEven,
} from "./program/facts.js";
export type * from "./program/program.js";
export {
  createReference,
  type Reference,
  type ReferenceOptions,
  type Trace,
} from "./reference/reference.js";
export type { DownloadProgress, ModelSource } from "./source.js";
export { supportedTier, type Tier } from "./wasm/modules.js";
