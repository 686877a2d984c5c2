/** @file HTTP statuses of the engine's errors, for servers. A new code without a status does not compile. */

import { type EngineErrorCode, engineErrors } from "./error-codes.js";

/** 4xx if the request is at fault, 5xx if the server or a source that it reads from is. */
export type ErrorStatus = 400 | 404 | 409 | 413 | 415 | 422 | 499 | 500 | 502 | 503 | 507;

/** The HTTP status with which a server answers each error of the engine. */
export const engineHttpStatus: Readonly<Record<EngineErrorCode, ErrorStatus>> = {
  "not-sbq": 415,
  "sbq-version": 422,
  "damaged-sbq": 422,
  "invalid-program": 422,
  "program-too-large": 413,
  "image-size": 422,
  "input-length": 422,
  "input-value": 422,
  "image-invalid": 400,
  "image-unreadable": 415,
  "no-image-decoder": 415,
  "engine-argument": 400,
  "model-disposed": 503,
  "fetch-failed": 502,
  "download-too-large": 413,
  "no-simd": 500,
  "no-wide-vectors": 500,
  "wasm-blocked": 500,
  "worker-failed": 503,
  "thread-lost": 503,
};

/** The status for an error of the engine, by its code; 499 if the client went away, 500 for anything else. */
export function httpStatusOf(error: unknown): ErrorStatus {
  if (!(error instanceof Error)) return 500;
  if (error.name === "AbortError") return 499;
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && Object.hasOwn(engineErrors, code)
    ? engineHttpStatus[code as EngineErrorCode]
    : 500;
}
