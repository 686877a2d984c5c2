export * from "./errors.js";
export type * from "./format/program.js";
