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

/** A list of `{ pattern, weights?, activations?, channels? }`. */
function readPolicy(path: string): NonNullable<BitPolicy["layers"]> {
  const value = readYaml("--policy", path);
  if (!(Array.isArray(value) && value.every(isOverride)))
    throw new UsageError(
      `--policy ${path}: must be a list of entries with "pattern" and "weights" or "activations" in bits, or "channels", a list of them.`,
    );
  return value;
}

function isOverride(entry: unknown): entry is LayerOverride {
  if (typeof entry !== "object" || entry === null) return false;
  const { pattern, ...widths } = entry as Record<string, unknown>;
  return typeof pattern === "string" && Object.entries(widths).every(([key, value]) => valid[key]?.(value) ?? false);
}

const isNumber = (value: unknown): boolean => typeof value === "number";
const valid: Readonly<Record<string, (value: unknown) => boolean>> = {
  weights: isNumber,
  activations: isNumber,
  channels: (value) => Array.isArray(value) && value.every(isNumber),
};
