/**
 * @file The toolkit's error classes. Each message is one paragraph: what is wrong, where, and what to do. `kind` decides the
 * exit status of a command (failed → 1; usage, data, model → 2; machine → 3; interrupted → 130), `code` identifies the fault,
 * and `data` has the names and numbers of the message, as JSON values.
 */

import type {
  dataErrors,
  failedErrors,
  interruptedErrors,
  machineErrors,
  ToolkitErrorArguments,
  ToolkitErrorCode,
  ToolkitErrorData,
  usageErrors,
} from "./error-codes.js";

abstract class CodedError<Code extends ToolkitErrorCode> extends Error {
  abstract readonly kind: string;
  readonly code: Code;
  readonly data: ToolkitErrorData<Code>;

  constructor(...[code, data, message, options]: ToolkitErrorArguments<Code>) {
    super(message, options);
    this.code = code;
    this.data = data as ToolkitErrorData<Code>;
  }
}

/** An option or argument that makes no sense, such as a bit width of 9. */
export class UsageError extends CodedError<keyof typeof usageErrors> {
  override readonly name = "UsageError";
  readonly kind = "usage";
}

/** Images, labels, weights or checkpoints that cannot be used. */
export class DataError extends CodedError<keyof typeof dataErrors> {
  override readonly name = "DataError";
  readonly kind = "data";
}

/** Environment failure: disk full, out of memory, no permission, no network. */
export class MachineError extends CodedError<keyof typeof machineErrors> {
  override readonly name = "MachineError";
  readonly kind = "machine";
}

/** Ctrl-C or an AbortSignal stopped the work, and nothing is damaged; the message says how to continue. */
export class InterruptedError extends CodedError<keyof typeof interruptedErrors> {
  override readonly name = "InterruptedError";
  readonly kind = "interrupted";
}

/** The work was done, but its result is useless, such as a training run whose loss became NaN. */
export class FailedRunError extends CodedError<keyof typeof failedErrors> {
  override readonly name = "FailedRunError";
  readonly kind = "failed";
}
