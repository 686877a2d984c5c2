/** @file The bit policy from the options, with the bit widths of single layers from a file. */

import * as v from "valibot";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { readOptionsFile } from "../options/file.js";
import { layerOverrides, type TaskOptions } from "../options/index.js";
import type { BitWidthBudget } from "../quantization/mixed-precision/choose-bit-widths.js";
import type { MixedPrecision } from "../quantization/mixed-precision/mixed-precision.js";
import type { BitPolicy, LayerOverride } from "../quantization/policy.js";

type BitWidthOptions = Pick<
  TaskOptions<"quantize">,
  | "weights"
  | "activations"
  | "firstLastBits"
  | "depthwiseBits"
  | "residualBits"
  | "narrowWeights"
  | "policy"
  | "reduceRange"
>;

/** @throws {UsageError} naming the policy's file */
export function bitPolicy(options: BitWidthOptions): BitPolicy {
  const { weights, activations, firstLastBits, depthwiseBits, residualBits, narrowWeights, policy, reduceRange } =
    options;
  return {
    weights,
    activations,
    firstLastBits,
    depthwiseBits,
    residualBits,
    narrowWeights,
    ...(reduceRange ? { reduceRange: true } : {}),
    ...(policy === undefined ? {} : { layers: typeof policy === "string" ? readPolicy(policy) : policy }),
  };
}

/** A list of `{ pattern, weights?, activations? }`. */
function readPolicy(path: string): readonly LayerOverride[] {
  const value = readOptionsFile("policy", path);
  const result = v.safeParse(layerOverrides, value);
  if (result.success) return result.output;
  const withChannels = Array.isArray(value) ? value.find((entry) => entry?.channels !== undefined) : undefined;
  if (withChannels)
    throw new UsageError(
      "invalid-policy",
      { file: path, reason: "bit widths of single channels", value: withChannels.pattern },
      `\`policy\` ${path}: the entry "${withChannels.pattern}" has "channels", but bit widths of single channels are not supported any more; give "activations", one bit width for the layer's input, or let \`avgBits\` choose again.`,
    );
  throw new UsageError(
    "invalid-policy",
    { file: path, reason: "not a list of entries" },
    `\`policy\` ${path} must be a list of entries with "pattern" and "weights" or "activations" in bits.`,
  );
}

/** The budget that the options give; undefined if all layers have the bit widths of the policy. */
export function bitWidthBudget(
  options: Pick<TaskOptions<"quantize">, "avgBits" | "maxSize" | "maxTime" | "sensitivityImages">,
): BitWidthBudget | undefined {
  const { avgBits, maxSize, maxTime, sensitivityImages: images } = options;
  if (avgBits === undefined && maxSize === undefined && maxTime === undefined) return undefined;
  return defined({ averageBits: avgBits, maxBytes: maxSize, maxMilliseconds: maxTime, images });
}

/** The policy with the bit widths that a budget gave to each layer. */
export const withLayers = (policy: BitPolicy, { layers }: MixedPrecision): BitPolicy => ({
  ...policy,
  layers: [...(policy.layers ?? []), ...layers],
});
