/** @file Messages between a model and its workers. A worker has one model, or helps the thread that has it. */

import type { EngineErrorCode, EngineErrorData } from "../error-codes.js";
import { EnvironmentError, FormatError, InputError, LoadError } from "../errors.js";
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

/** An error of ours keeps its class, code and data on the way, which structured cloning would not do. */
export interface ErrorRecord {
  readonly name: string;
  readonly code?: EngineErrorCode;
  readonly data?: EngineErrorData;
  readonly message: string;
  readonly stack?: string;
}

const classes = { FormatError, InputError, LoadError, EnvironmentError };
type OurError = InstanceType<(typeof classes)[keyof typeof classes]>;

const isOurs = (error: Error): error is OurError =>
  Object.hasOwn(classes, error.name) && error instanceof classes[error.name as keyof typeof classes];

export function packError(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  return {
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(isOurs(error) ? { code: error.code, data: error.data } : {}),
  };
}

export function unpackError({ name, code, data, message, stack }: ErrorRecord): Error {
  const ours = Object.hasOwn(classes, name) ? classes[name as keyof typeof classes] : undefined;
  const make = ours as (new (...args: unknown[]) => Error) | undefined;
  const error = make === undefined ? Object.assign(new Error(message), { name }) : new make(code, data, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
