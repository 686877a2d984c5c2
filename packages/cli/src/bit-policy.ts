/** @file The widths that the options say, and those of single layers in a file. */

import { type BitPolicy, checkBits, UsageError } from "@subbyte/toolkit";
import { readYaml } from "./config.js";
import type { WidthOptions } from "./options.js";

/**
 * Cheap, so that wrong widths are refused before any image is read.
 * @throws {UsageError} naming the option, or the policy's file
 */
export function bitPolicy(options: WidthOptions): BitPolicy {
  const { weights, activations, firstLastBits, residualBits, policy, reduceRange } = options;
  for (const [name, width] of Object.entries({
    weights,
    activations,
    "first-last-bits": firstLastBits,
    "residual-bits": residualBits,
  }))
    checkBits(width, `--${name}`);
  return {
    weights,
    activations,
    firstLastBits,
    residualBits,
    ...(reduceRange ? { reduceRange: true } : {}),
    ...(policy === undefined ? {} : { layers: readPolicy(policy) }),
  };
}

/** A list of `{ pattern, weights?, activations? }`. */
function readPolicy(path: string): NonNullable<BitPolicy["layers"]> {
  const value = readYaml("--policy", path);
  const valid =
    Array.isArray(value) &&
    value.every(
      (entry) =>
        typeof entry?.pattern === "string" &&
        Object.entries(entry).every(
          ([key, bits]) =>
            key === "pattern" || ((key === "weights" || key === "activations") && typeof bits === "number"),
        ),
    );
  if (!valid)
    throw new UsageError(
      `--policy ${path}: must be a list of entries with "pattern" and "weights" or "activations" in bits.`,
    );
  return value;
}
