/** @file Describes any thrown value by kind, code, data and a sentence. */

import type { ErrorValue } from "@subbyte/graph";
import type { ErrorCode, ErrorKind } from "./error-codes.js";

/** The description of an error; the message names options in backticks, as in the schema. */
export interface ErrorReport {
  readonly kind: ErrorKind;
  readonly code: ErrorCode | "internal";
  readonly data: Readonly<Record<string, ErrorValue>>;
  /** One paragraph: what is wrong, where, and what to do. */
  readonly message: string;
}

/** How errors of the operating system are reported; the message names the path or address. */
const systemFaults: Readonly<Record<string, Pick<ErrorReport, "kind" | "code"> & { readonly advice: string }>> = {
  ENOENT: {
    kind: "data",
    code: "path-not-found",
    advice: "there is no such file or folder. Check the path",
  },
  EACCES: {
    kind: "data",
    code: "permission-denied",
    advice: "permission is denied. Change the permissions, or choose another path",
  },
  EISDIR: { kind: "data", code: "not-a-file", advice: "this is a folder where a file is needed. Name a file in it" },
  ENOTDIR: { kind: "data", code: "not-a-file", advice: "a part of the path is not a folder. Check the path" },
  ENOSPC: { kind: "machine", code: "disk-full", advice: "the disk is full. Free some space or choose another place" },
  EDQUOT: {
    kind: "machine",
    code: "disk-full",
    advice: "the quota is used up. Free some space or choose another place",
  },
  EROFS: { kind: "machine", code: "write-failed", advice: "the file system is read-only. Choose another place" },
  EIO: { kind: "machine", code: "read-failed", advice: "the disk or its connection fails. Copy the file elsewhere" },
  EMFILE: { kind: "machine", code: "read-failed", advice: "too many files are open. Raise the limit (ulimit -n)" },
  ENOMEM: { kind: "machine", code: "out-of-memory", advice: "memory ran out. Close other programs" },
};

interface Coded extends Error {
  readonly kind?: string;
  readonly code?: string;
  readonly data?: ErrorReport["data"];
  readonly path?: string;
}

/** The kind, code, data and message of anything that was thrown; for a bug of Subbyte, kind and code are `internal`. */
export function describeError(error: unknown): ErrorReport {
  if (!(error instanceof Error)) return internal(String(error));
  const { name, kind, code, data, message, path } = error as Coded;
  if (kind !== undefined && code !== undefined && data !== undefined && isErrorKind(kind))
    return { kind, code: code as ErrorCode | "internal", data, message };
  if (name === "AbortError")
    return { kind: "interrupted", code: "interrupted", data: {}, message: "interrupted; nothing was written" };
  const fault = code !== undefined && Object.hasOwn(systemFaults, code) ? systemFaults[code] : undefined;
  if (fault !== undefined) {
    const { kind, code, advice } = fault;
    const where = path === undefined ? "" : `${path}: `;
    return { kind, code, data: { file: path ?? "", reason: message }, message: where + advice };
  }
  if (error instanceof RangeError && /allocation|Invalid array length/i.test(message))
    return {
      kind: "machine",
      code: "out-of-memory",
      data: { reason: message },
      message: `not enough memory: ${message}. Use a smaller \`batch\` or \`limit\``,
    };
  return internal(message);
}

const internal = (message: string): ErrorReport => ({ kind: "internal", code: "internal", data: {}, message });

const kinds: Readonly<Record<ErrorKind, true>> = {
  usage: true,
  data: true,
  model: true,
  format: true,
  machine: true,
  interrupted: true,
  failed: true,
  internal: true,
};

const isErrorKind = (kind: string): kind is ErrorKind => Object.hasOwn(kinds, kind);
