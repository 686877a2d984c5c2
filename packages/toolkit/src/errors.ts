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
  ToolkitErrorData,
  usageErrors,
} from "./error-codes.js";

type Codes<Table> = keyof Table & string;

/** An option or argument that makes no sense, such as a bit width of 9. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly kind = "usage";
  readonly code: Codes<typeof usageErrors>;
  readonly data: ToolkitErrorData<Codes<typeof usageErrors>>;

  constructor(...[code, data, message, options]: ToolkitErrorArguments<typeof usageErrors>) {
    super(message, options);
    this.code = code;
    this.data = data;
  }
}

/** Images, labels, weights or checkpoints that cannot be used. */
export class DataError extends Error {
  override readonly name = "DataError";
  readonly kind = "data";
  readonly code: Codes<typeof dataErrors>;
  readonly data: ToolkitErrorData<Codes<typeof dataErrors>>;

  constructor(...[code, data, message, options]: ToolkitErrorArguments<typeof dataErrors>) {
    super(message, options);
    this.code = code;
    this.data = data;
  }
}

/** Environment failure: disk full, out of memory, no permission, no network. */
export class MachineError extends Error {
  override readonly name = "MachineError";
  readonly kind = "machine";
  readonly code: Codes<typeof machineErrors>;
  readonly data: ToolkitErrorData<Codes<typeof machineErrors>>;

  constructor(...[code, data, message, options]: ToolkitErrorArguments<typeof machineErrors>) {
    super(message, options);
    this.code = code;
    this.data = data;
  }
}

/** Ctrl-C or an AbortSignal stopped the work, and nothing is damaged; the message says how to continue. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  readonly kind = "interrupted";
  readonly code: Codes<typeof interruptedErrors>;
  readonly data: ToolkitErrorData<Codes<typeof interruptedErrors>>;

  constructor(...[code, data, message, options]: ToolkitErrorArguments<typeof interruptedErrors>) {
    super(message, options);
    this.code = code;
    this.data = data;
  }
}

/** The work was done, but its result is useless, such as a training run whose loss became NaN. */
export class FailedRunError extends Error {
  override readonly name = "FailedRunError";
  readonly kind = "failed";
  readonly code: Codes<typeof failedErrors>;
  readonly data: ToolkitErrorData<Codes<typeof failedErrors>>;

  constructor(...[code, data, message, options]: ToolkitErrorArguments<typeof failedErrors>) {
    super(message, options);
    this.code = code;
    this.data = data;
  }
}
