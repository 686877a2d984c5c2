/** @file Messages between a model and its workers. A worker has a model of its own, or helps the thread that has the model. */

import type { EngineErrorCode, EngineErrorData } from "../error-codes.js";
import { EnvironmentError, FormatError, InputError, LoadError } from "../errors.js";
import type { Picture } from "../image/picture.js";
import type { Fit } from "../preprocess/preprocess.js";
import type { Recruit } from "../threads/team.js";
import type { KernelModules } from "../wasm/modules.js";
import type { HostOptions, HostState, LayerProfile, Tensor, TierName } from "./host.js";

/**
 * The requests to a worker: it opens a file and then takes the methods of a host, or it becomes a helper and takes
 * no others.
 */
export interface Service extends Recruit {
  open(file: Uint8Array, options: WorkerOptions): Promise<HostState>;
  run(input: Tensor): Promise<Float32Array>;
  runPicture(picture: Picture, fit: Fit): Promise<Float32Array>;
  profile(runs: number): Promise<LayerProfile[]>;
}

/**
 * Options with the compiled kernels. The page compiles them, because the worker's script does not contain them; so a
 * page ships them only once.
 */
export interface WorkerOptions extends HostOptions {
  readonly tier: TierName;
  readonly modules?: KernelModules;
}

export interface Request {
  readonly id: number;
  readonly method: keyof Service;
  readonly parameters: readonly unknown[];
}

/** Says that the answer to a request is no longer wanted. */
export interface Cancellation {
  readonly cancel: number;
}

/** The first message of a worker, sent when it runs. */
export const ready = "subbyte-ready";

export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorRecord };

/** An error of this package with its class, code and data, which structured cloning would lose. */
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
