/**
 * @file Packed weights with the proof that goes with them. The three forms of a product sum, as the inner loops have them:
 * bytes with int16 sums (`R4`) or widened at once (`R8`), int16 pairs (`D8`), and two weights a lane (`P4`).
 */

import { type Cuts, cutForField, cutForInt16 } from "../bounds.js";
import { type Layer, packedFieldBits } from "../choose.js";
import { packBytes, packPairs, packWords } from "../pack.js";
import type { Placement } from "../placement.js";
import { planWindow, type Window } from "../window.js";

export type ProductName = "R4" | "R8" | "D8" | "P4";

export interface Products {
  readonly name: ProductName;
  readonly window: Window;
  readonly packed: Int8Array | Int16Array;
  /** Where sums are flushed, in steps. */
  readonly cuts: Cuts;
  /** P4: bits of the low field. */
  readonly fieldBits: number;
}

/** Pieces shorter than this on average cost more in flushes than the narrow sums gain. */
const shortestPiece = 4;

/**
 * Weights for the form of input that the placement gives, by the fastest product that its codes allow.
 * @param shareLanes  whether two weights may share a lane
 */
export function packProducts(layer: Layer, input: Placement, shareLanes = true): Products {
  if (input.elementBytes === 1) return byteProducts(layer, input);
  const fieldBits = shareLanes ? packedFieldBits(layer) : 0;
  if (fieldBits > 0) {
    const window = planWindow(layer.filter, input, 16);
    const packed = packPairs(layer.filter, window, fieldBits);
    const steps = window.channels.length / 2;
    const cuts = cutForField(packed, steps, layer.highest, fieldBits);
    if (steps / cuts.length >= Math.min(shortestPiece, steps)) return { name: "P4", window, packed, cuts, fieldBits };
  }
  const window = planWindow(layer.filter, input, 8);
  return {
    name: "D8",
    window,
    packed: packWords(layer.filter, window),
    cuts: [window.channels.length / 2],
    fieldBits: 0,
  };
}

function byteProducts(layer: Layer, input: Placement): Products {
  const window = planWindow(layer.filter, input, 8);
  const packed = packBytes(layer.filter, window);
  const steps = window.channels.length / 4;
  const cuts = cutForInt16(packed, steps, layer.highest);
  return steps / cuts.length >= Math.min(shortestPiece, steps)
    ? { name: "R4", window, packed, cuts, fieldBits: 0 }
    : { name: "R8", window, packed, cuts: [steps], fieldBits: 0 };
}
