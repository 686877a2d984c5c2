/**
 * @file The toolkit's error classes. Each message is one paragraph: what is wrong, where, and what to do. `kind` decides the
 * exit status of a command (failed → 1; usage, data, model → 2; machine → 3; interrupted → 130).
 */

/** An option or argument that makes no sense, such as a width of 9 bits. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly kind = "usage";
}

/** Images, labels or checkpoints that cannot be used. */
export class DataError extends Error {
  override readonly name = "DataError";
  readonly kind = "data";
}

/** The machine failed us: disk full, no memory, no permission. */
export class MachineError extends Error {
  override readonly name = "MachineError";
  readonly kind = "machine";
}

/** Ctrl-C, or an AbortSignal: the work stopped in good order; the message says how to go on. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  readonly kind = "interrupted";
}

/** The command did its work, but the result is useless, such as a training run whose loss became NaN. */
export class FailedRunError extends Error {
  override readonly name = "FailedRunError";
  readonly kind = "failed";
}
