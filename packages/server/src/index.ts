export type { ErrorBody, ErrorCode } from "./errors.js";
export type { IndexEntry, ModelState } from "./models/repository.js";
export type { LogOptions, ServerOptions } from "./options.js";
export { type RunningServer, startServer } from "./server.js";
