/**
 * @file `@subbyte/toolkit/errors`: the error classes, their codes, and the description of any thrown value. Loads nothing that
 * needs Node.
 */

export type { ErrorStatus } from "@subbyte/engine/errors";
export type {
  ErrorCode,
  ErrorKind,
  ToolkitErrorCode,
  ToolkitErrorData,
} from "./error-codes.js";
export { toolkitErrors } from "./error-codes.js";
export type { ToolkitErrorFacts } from "./error-facts.js";
export { describeError, type ErrorReport } from "./error-report.js";
export * from "./errors.js";
export { httpStatusOf } from "./http-status.js";
