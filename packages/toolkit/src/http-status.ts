/** @file The HTTP statuses of all errors, for servers. A new kind of error without a status is a compile error. */

import { type ErrorStatus, engineHttpStatus } from "@subbyte/engine/errors";
import type { ErrorCode, ErrorKind } from "./error-codes.js";
import { describeError } from "./error-report.js";

const statusOfKind: Readonly<Record<ErrorKind, ErrorStatus>> = {
  usage: 400,
  data: 422,
  model: 422,
  format: 422,
  machine: 503,
  interrupted: 499,
  failed: 422,
  internal: 500,
};

/** Codes whose status is not that of their kind. */
const statusOfCode: Readonly<Partial<Record<ErrorCode, ErrorStatus>>> = {
  ...engineHttpStatus,
  "path-not-found": 404,
  "data-not-found": 404,
  "checkpoint-missing": 404,
  "study-missing": 404,
  "folder-in-use": 409,
  "run-in-use": 409,
  "study-changed": 409,
  "settings-changed": 409,
  "disk-full": 507,
  "download-failed": 502,
  "download-refused": 502,
  "images-too-large": 413,
  "model-too-large": 413,
};

/** The status with which a server answers an error: 4xx if the request is at fault, 5xx if the server is. */
export function httpStatusOf(error: unknown): ErrorStatus {
  const { kind, code } = describeError(error);
  return (code === "internal" ? undefined : statusOfCode[code]) ?? statusOfKind[kind];
}
