/** @file `@subbyte/engine/errors`: the codes with their texts and HTTP statuses, apart from the package's index, so that pages do not load them. */
export * from "./error-codes.js";
export * from "./http-status.js";
