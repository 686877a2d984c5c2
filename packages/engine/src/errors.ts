/**
 * @file The engine's error classes. Each has a `kind`, a `code`, `data` with the names and numbers of the message, and the
 * message.
 */

import type {
  EngineErrorArguments,
  EngineErrorCode,
  EngineErrorData,
  EnvironmentErrorCode,
  FormatErrorCode,
  InputErrorCode,
  LoadErrorCode,
} from "./error-codes.js";

abstract class CodedError<Code extends EngineErrorCode> extends Error {
  abstract readonly kind: string;
  readonly code: Code;
  readonly data: EngineErrorData<Code>;

  constructor(...[code, data, message, options]: EngineErrorArguments<Code>) {
    super(message, options);
    this.code = code;
    this.data = data as EngineErrorData<Code>;
  }
}

/** A `.sbq` file or program that breaks a rule of the format; `field` names the place, e.g. `operators[3].weights.offset`. */
export class FormatError extends CodedError<FormatErrorCode> {
  override readonly name = "FormatError";
  readonly kind = "format";

  /** The place in the file, such as `operators[3].weights`. */
  get field(): string {
    return this.data.field;
  }
}

/** A field that breaks a rule of the format. */
export const invalid = (field: string, message: string): FormatError =>
  new FormatError("invalid-program", { field }, `${field}: ${message}`);

/** A file whose bytes have changed since it was written. */
export const damaged = (field: string, message: string, options?: ErrorOptions): FormatError =>
  new FormatError("damaged-sbq", { field }, `${field}: ${message}`, options);

/** A file or program that exceeds a limit, which `maxBytes` can raise. */
export const tooLarge = (field: string, found: number, limit: number, message: string): FormatError =>
  new FormatError("program-too-large", { field, found, limit }, `${field}: ${message}`);

/** An input that the model cannot take, such as an image of another size. */
export class InputError extends CodedError<InputErrorCode> {
  override readonly name = "InputError";
  readonly kind = "data";
}

/** A model file that could not be fetched. */
export class LoadError extends CodedError<LoadErrorCode> {
  override readonly name = "LoadError";
  readonly kind = "data";
}

/** The browser or Node lacks something that the engine needs, or one of its threads died. */
export class EnvironmentError extends CodedError<EnvironmentErrorCode> {
  override readonly name = "EnvironmentError";
  readonly kind = "machine";
}

/** The error if 256-bit vectors were requested and are not available. */
export const noWideVectors = (reason: string): EnvironmentError =>
  new EnvironmentError("no-wide-vectors", { reason }, `no wide vectors: ${reason}`);

/** The error if a worker does not start, or has ended. */
export const workerFailed = (reason: string): EnvironmentError =>
  new EnvironmentError("worker-failed", { reason }, reason);
