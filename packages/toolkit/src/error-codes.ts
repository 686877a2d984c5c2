/** @file The codes of the toolkit's errors, as data: docs/errors.md is generated from these tables. */

import type { EngineErrorCode } from "@subbyte/engine";
import type { ErrorData, GraphErrorCode } from "@subbyte/graph";
import { dataErrors } from "./error-codes/data.js";
import { machineErrors } from "./error-codes/machine.js";
import { failedErrors, interruptedErrors } from "./error-codes/outcome.js";
import { usageErrors } from "./error-codes/usage.js";
import type { ToolkitErrorFacts } from "./error-facts.js";

export { dataErrors, failedErrors, interruptedErrors, machineErrors, usageErrors };

/** All codes of the toolkit, with cause, remedy and data. */
export const toolkitErrors = {
  ...usageErrors,
  ...dataErrors,
  ...machineErrors,
  ...interruptedErrors,
  ...failedErrors,
};

/** A code of an error of the toolkit. */
export type ToolkitErrorCode = keyof typeof toolkitErrors;

/** The code of any error that our packages throw. */
export type ErrorCode = GraphErrorCode | EngineErrorCode | ToolkitErrorCode;

/** The kinds of errors, which decide exit statuses; `internal` means a bug of Subbyte. */
export type ErrorKind = "usage" | "data" | "model" | "format" | "machine" | "interrupted" | "failed" | "internal";

/** The data of an error of the toolkit with this code. */
export type ToolkitErrorData<Code extends ToolkitErrorCode = ToolkitErrorCode> = ErrorData<
  ToolkitErrorFacts,
  typeof toolkitErrors,
  Code
>;

/** The arguments of a constructor: a code, the data of this code, and a sentence. */
export type ToolkitErrorArguments<Code extends ToolkitErrorCode> = {
  [C in Code]: [code: C, data: ToolkitErrorData<C>, message: string, options?: ErrorOptions | undefined];
}[Code];
