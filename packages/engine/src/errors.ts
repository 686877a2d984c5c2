/** A `.sbq` file or program that breaks a rule of the format; `field` names the place, e.g. `operators[3].weights.offset`. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly kind = "format";

  constructor(
    readonly field: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${field}: ${message}`, options);
  }
}

/** An input that the model cannot take, such as an image of another size. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly kind = "data";
}

/** A model file that could not be fetched. */
export class LoadError extends Error {
  override readonly name = "LoadError";
  readonly kind = "data";
}
