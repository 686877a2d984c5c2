/** @file The bearer token that every protocol may require. */

import { createHash, timingSafeEqual } from "node:crypto";
import { ServerError } from "./errors.js";

/** @param field  the field of a request that carries the token, as the protocol calls it */
export const unauthorized = (field: string): ServerError =>
  new ServerError("unauthorized", "The bearer token is missing or wrong.", {
    action: `Send the ${field}: Bearer TOKEN.`,
  });

/**
 * Whether the value of `Authorization` carries the token. The comparison takes equally long for any wrong value, so its
 * time reveals nothing about the token.
 */
export const hasToken = (authorization: string, token: string): boolean =>
  timingSafeEqual(digest(authorization), digest(`Bearer ${token}`));

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
