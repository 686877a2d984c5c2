/**
 * A model that cannot be used: a damaged or foreign file, an unsupported operator, shapes that do not fit.
 * The message is one paragraph that says what is wrong, where, and what to do.
 */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly kind = "model";
}
