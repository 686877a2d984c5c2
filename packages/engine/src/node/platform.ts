/** @file The only file that needs Node, chosen by the `node` condition of the package's `#platform` import. */

import { setFlagsFromString } from "node:v8";

/**
 * Switches relaxed SIMD on in V8 versions that still have it behind a flag (Node 20). Called only where a module that uses it
 * does not validate: newer versions have it on and would print that the flag is unknown.
 */
export function enableRelaxedSimd(): void {
  setFlagsFromString("--experimental-wasm-relaxed-simd");
}
