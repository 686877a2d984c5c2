/** @file The widths that the options say, and those of single layers in a file. */

import { type BitPolicy, checkBits, type LayerOverride, UsageError } from "@subbyte/toolkit";
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
  const withChannels = Array.isArray(value) ? value.find((entry) => entry?.channels !== undefined) : undefined;
  if (withChannels)
    throw new UsageError(
      "invalid-policy",
      { file: path, reason: "bit widths of single channels", value: withChannels.pattern },
      `--policy ${path}: the entry "${withChannels.pattern}" has "channels", but bit widths of single channels are not supported any more; give "activations", one bit width for the layer's input, or let quantize --avg-bits choose again.`,
    );
  if (!(Array.isArray(value) && value.every(isOverride)))
    throw new UsageError(
      "invalid-policy",
      { file: path, reason: "not a list of entries" },
      `--policy ${path}: must be a list of entries with "pattern" and "weights" or "activations" in bits.`,
    );
  return value;
}

function isOverride(entry: unknown): entry is LayerOverride {
  if (typeof entry !== "object" || entry === null) return false;
  const { pattern, ...bits } = entry as Record<string, unknown>;
  return (
    typeof pattern === "string" &&
    Object.entries(bits).every(
      ([key, value]) => (key === "weights" || key === "activations") && typeof value === "number",
    )
  );
}
