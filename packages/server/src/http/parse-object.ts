/** @file The JSON object of a request's body. */

import { ServerError } from "../errors.js";

/** @throws {ServerError} if the bytes are not a JSON object. */
export function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch (cause) {
    throw new ServerError("invalid-json", `The body is not JSON: ${(cause as Error).message}.`, {
      action: "Send a JSON object.",
      cause,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ServerError("invalid-json", "The body is not a JSON object.", { action: "Send a JSON object." });
  return value as Readonly<Record<string, unknown>>;
}
