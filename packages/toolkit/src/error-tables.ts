/** @file Every error code of every package, by class; docs/errors.md is made from it. */

import { environmentErrors, formatErrors, inputErrors, loadErrors } from "@subbyte/engine/errors";
import { type ErrorEntry, modelErrors } from "@subbyte/graph";
import {
  dataErrors,
  type ErrorKind,
  failedErrors,
  interruptedErrors,
  machineErrors,
  usageErrors,
} from "./error-codes.js";

export interface ErrorTable {
  /** The name of the class. */
  readonly name: string;
  /** The package that exports the class. */
  readonly package: "graph" | "engine" | "toolkit";
  readonly kind: ErrorKind;
  readonly codes: Readonly<Record<string, ErrorEntry>>;
}

export const errorTables: readonly ErrorTable[] = [
  { name: "UsageError", package: "toolkit", kind: "usage", codes: usageErrors },
  { name: "DataError", package: "toolkit", kind: "data", codes: dataErrors },
  { name: "InputError", package: "engine", kind: "data", codes: inputErrors },
  { name: "LoadError", package: "engine", kind: "data", codes: loadErrors },
  { name: "ModelError", package: "graph", kind: "model", codes: modelErrors },
  { name: "FormatError", package: "engine", kind: "format", codes: formatErrors },
  { name: "MachineError", package: "toolkit", kind: "machine", codes: machineErrors },
  { name: "EnvironmentError", package: "engine", kind: "machine", codes: environmentErrors },
  { name: "InterruptedError", package: "toolkit", kind: "interrupted", codes: interruptedErrors },
  { name: "FailedRunError", package: "toolkit", kind: "failed", codes: failedErrors },
];
