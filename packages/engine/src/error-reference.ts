/**
 * @file `@subbyte/engine/errors`: the codes with their texts and HTTP statuses. They are not in the package's index, so that
 * pages do not load them.
 */
export * from "./error-codes.js";
export * from "./http-status.js";
