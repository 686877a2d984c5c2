/**
 * @file Weights of a file stay packed until their codes are read. Kernels do not read them: their packer unpacks one layer
 * after the other into memory that it reuses, because getting fresh memory for the codes of a whole network takes longer than
 * filling it.
 */

import { elementCount } from "../operators/definition.js";
import type { QuantizedWeights } from "../program/program.js";
import { unpackCodes } from "./packing.js";

/**
 * Packed bytes of weights whose codes nobody has read yet. (A reader may change the codes, so the packed bytes are not used
 * afterwards.)
 */
const packedBytes = new WeakMap<QuantizedWeights, Uint8Array>();

/** @param packed  rows of `packCodes`, whose bits after the last code are zero; must not change afterwards */
export function packedWeights(
  packed: Uint8Array,
  { bits, shape, scales }: Omit<QuantizedWeights, "codes">,
): QuantizedWeights {
  let codes: Int8Array | undefined;
  const weights = {
    bits,
    shape,
    get codes(): Int8Array {
      codes ??= unpackCodes(packed, bits, shape[0]!, elementCount(shape.slice(1)));
      packedBytes.delete(weights);
      return codes;
    },
    scales,
  };
  packedBytes.set(weights, packed);
  return weights;
}

/** The codes as they were packed; undefined if they have been unpacked or never were packed. */
export function packedCodes(weights: QuantizedWeights): Uint8Array | undefined {
  return packedBytes.get(weights);
}
