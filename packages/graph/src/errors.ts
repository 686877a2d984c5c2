import type { ErrorArguments, GraphErrorCode, GraphErrorData, ModelErrorFacts, modelErrors } from "./error-codes.js";

/**
 * A model that cannot be used: a damaged or foreign file, an unsupported operator, shapes that do not fit. The message is one
 * paragraph that says what is wrong, where, and what to do; `data` has the names and numbers in it as JSON values.
 */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly kind = "model";
  readonly code: GraphErrorCode;
  readonly data: GraphErrorData;

  constructor(...[code, data, message, options]: ErrorArguments<ModelErrorFacts, typeof modelErrors>) {
    super(message, options);
    this.code = code;
    this.data = data;
  }

  /** The same error with the name of the file in its message. */
  inFile(file: string): ModelError {
    return this.#told({ ...this.data, file }, `${file}: ${this.message}`);
  }

  /** The same error with another message. */
  restated(message: string): ModelError {
    return this.#told(this.data, message);
  }

  #told(data: GraphErrorData, message: string): ModelError {
    const args = [this.code, data, message, { cause: this }];
    return new ModelError(...(args as ErrorArguments<ModelErrorFacts, typeof modelErrors>));
  }
}
