/** @file Messages between a model and its workers. A worker has one model, or helps the thread that has it. */

import { FormatError, InputError } from "../errors.js";
import type { Recruit } from "../threads/team.js";
import type { Host, HostOptions, HostState } from "./host.js";

/** What can be asked of the worker: to open a file, then the methods of a host; or to help, and nothing ever after. */
export interface Service extends Pick<Host, "run" | "runPicture" | "profile">, Recruit {
  open(file: Uint8Array, options: HostOptions): Promise<HostState>;
}

export interface Request {
  readonly id: number;
  readonly method: keyof Service;
  readonly parameters: readonly unknown[];
}

/** The first message of a worker says that it runs. */
export const ready = "subbyte-ready";

export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorRecord };

/** An error of ours keeps its class and fields on the way, which structured cloning would not do. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly field?: string;
}

export function packError(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  return {
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(error instanceof FormatError ? { field: error.field } : {}),
  };
}

export function unpackError({ name, message, stack, field }: ErrorRecord): Error {
  const error =
    field !== undefined
      ? formatError(field, message)
      : name === "InputError"
        ? new InputError(message)
        : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** The message starts with the field, as the constructor writes it. */
const formatError = (field: string, message: string) => new FormatError(field, message.slice(field.length + 2));
