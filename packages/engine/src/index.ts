export * from "./errors.js";
export { type CheckOptions, checkProgram, type MemoryRequirement, memoryRequirement } from "./format/check.js";
export type * from "./format/program.js";
export { readSbq } from "./format/reader.js";
export { writeSbq } from "./format/writer.js";
export { roundHalfToEven } from "./operators/arithmetic.js";
export { multiplyAdds } from "./operators/index.js";
export {
  createReference,
  quantizeInput,
  type Reference,
  type ReferenceOptions,
  type Trace,
} from "./reference/reference.js";
