export * from "./errors.js";
export { GraphBuilder, type NodeOptions } from "./ir/builder.js";
export * from "./ir/tensor.js";
export type * from "./ir/types.js";
export type * from "./operators/definition.js";
