/**
 * @file Weights of a file stay packed until somebody asks for their codes. Kernels never do: their packer unpacks one layer after the
 * other into memory that it uses again, since fresh memory for the codes of a whole network takes longer to get than to fill.
 */

import { elementCount } from "../operators/definition.js";
import { unpackCodes } from "./packing.js";
import type { QuantizedWeights } from "./program.js";

/** Packed codes of weights whose own have not been asked for. */
const packedCodes = new WeakMap<QuantizedWeights, Uint8Array>();

/** @param packed  rows of `packCodes`, whose bits after the last code are zero; must not change from now on */
export function packedWeights(
  packed: Uint8Array,
  { bits, shape, scales }: Omit<QuantizedWeights, "codes">,
): QuantizedWeights {
  let codes: Int8Array | undefined;
  const weights = {
    bits,
    shape,
    get codes(): Int8Array {
      if (codes === undefined) {
        codes = new Int8Array(elementCount(shape));
        unpackCodes(packed, bits, shape[0]!, codes);
        packedCodes.delete(weights);
      }
      return codes;
    },
    scales,
  };
  packedCodes.set(weights, packed);
  return weights;
}

/** Writes the codes of `weights` to `target`, which has their length and stands at a multiple of four bytes. */
export function copyCodes(weights: QuantizedWeights, target: Int8Array): void {
  const packed = packedCodes.get(weights);
  if (packed === undefined) target.set(weights.codes);
  else unpackCodes(packed, weights.bits, weights.shape[0]!, target);
}
