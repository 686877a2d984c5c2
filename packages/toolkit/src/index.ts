export * from "./data/types.js";
export * from "./errors.js";
export * from "./evaluation/index.js";
export * from "./files.js";
export * from "./models/index.js";
export * from "./random.js";
export * from "./runtime/index.js";
