/**
 * @file Packed weights with the proof that belongs to them. The forms of products are those of the inner loops: bytes with
 * int16 sums (`R4`), widened at once (`R8`), with fused sums (`F8`, `S8`), int16 pairs (`D8`), and two weights per lane (`P4`).
 */

import { fusedProduct } from "../../wasm/fused-product.js";
import { byteLanes, fieldLanes } from "../bounds.js";
import { type Layer, packedFieldBits } from "../choose.js";
import type { Packed, Starts, WeightForm } from "../packer.js";
import type { Placement } from "../placement.js";
import { planWindow, type Window } from "../window.js";
import type { Emitter } from "./emitter.js";
import { segmentEnds } from "./runs.js";

export type ProductName = "R4" | "R8" | "F8" | "S8" | "D8" | "P4";

export interface Products {
  readonly name: ProductName;
  readonly window: Window;
  readonly packed: Packed;
  /** i32 byte offset of each block's first input channel. */
  readonly blockInputs: number;
  /** Latest positions at which narrow sums must be flushed, in steps. */
  readonly cuts: readonly number[];
  /** Positions at which sums leave the registers, in steps. */
  readonly segments: readonly number[];
  /** Bits of the low field, for the form `P4`. */
  readonly fieldBits: number;
  /** Starts of int16 sums, for the form `R4`. */
  readonly starts?: Starts;
  /** −128 to flip the top bit of every activation, or 0; for the form `S8`. */
  readonly flip?: number;
  /** The excess in the sums of each output channel, which the bias subtracts. */
  readonly added?: Int32Array;
}

/** If pieces are shorter than this on average, flushes cost more than narrow sums gain. */
const shortestPiece = 4;

/**
 * Packs weights for the input's form of storage, for the fastest product that the layer's codes allow.
 * @param shareLanes  whether two weights may share a lane
 */
export function packProducts(emitter: Emitter, layer: Layer, input: Placement, shareLanes = true): Products {
  const { constants } = emitter;
  if (input.elementBytes === 1) {
    const bytes = pack(emitter, layer, input, "Bytes");
    if (emitter.plan.tier === "fused") return { ...fusedForm(layer), ...bytes, ...unbroken(bytes.packed.steps) };
    const cuts = emitter.packer.cut(bytes.packed, byteLanes(layer.highest));
    if (!isWorthwhile(cuts, bytes.packed.steps)) return { name: "R8", ...bytes, ...unbroken(bytes.packed.steps) };
    const segments = segmentEnds(cuts);
    const starts = emitter.packer.centre(bytes.packed, segments, layer.highest);
    return { name: "R4", ...bytes, cuts, segments, starts, added: starts.added };
  }
  const fieldBits = shareLanes ? packedFieldBits(layer) : 0;
  if (fieldBits > 0) {
    const mark = constants.end;
    const pairs = pack(emitter, layer, input, "Pairs", fieldBits);
    const cuts = emitter.packer.cut(pairs.packed, fieldLanes(layer.highest, fieldBits));
    if (isWorthwhile(cuts, pairs.packed.steps)) return { name: "P4", ...pairs, ...unbroken(pairs.packed.steps), cuts };
    constants.release(mark);
  }
  const words = pack(emitter, layer, input, "Words");
  return { name: "D8", ...words, ...unbroken(words.packed.steps) };
}

/**
 * Chooses the form in which the machine multiplies bytes above 127. If it reduces every activation by 128, the bias adds the
 * difference.
 */
function fusedForm({ highest, weightSums }: Layer): Pick<Products, "name" | "flip" | "added"> {
  if (fusedProduct() !== "signed") return { name: "F8" };
  return highest <= 127
    ? { name: "S8", flip: 0 }
    : { name: "S8", flip: -128, added: weightSums.sums.map((sum) => -128 * sum) };
}

/** The form of a sum without flushes. */
const unbroken = (steps: number) => ({ cuts: [steps], segments: segmentEnds([steps]) });

const isWorthwhile = (cuts: readonly number[], steps: number) =>
  cuts.length > 0 && steps / cuts.length >= Math.min(shortestPiece, steps);

function pack({ constants, packer }: Emitter, { filter }: Layer, input: Placement, form: WeightForm, fieldBits = 0) {
  const window = planWindow(filter, input, form === "Pairs" ? 16 : 8);
  const blockInputs = constants.integers(window.blockChannels.map((channel) => channel * input.elementBytes));
  return { window, blockInputs, packed: packer.pack(filter, window, blockInputs, form, fieldBits), fieldBits };
}
