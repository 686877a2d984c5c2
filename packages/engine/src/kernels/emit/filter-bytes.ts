/**
 * @file The memory of convolutions and linear layers, in bytes. Which kernel runs a layer depends on proofs about its codes, so
 * the largest form that its shape allows is counted.
 */

import type { Tier } from "../../wasm/modules.js";
import { type FilterOperator, filterOf, isDepthwise, isThreeByThree } from "../choose.js";
import type { Tiling } from "../offsets.js";
import { stepBytes } from "../packer.js";
import { type Placement, roundUp } from "../placement.js";
import { planWindow } from "../window.js";
import type { PlacementOf } from "./emission.js";
import { chunkBytes, fourByFour, largestFilters, twoByTwo } from "./winograd.js";

const tilings = [twoByTwo, fourByFour];
const isTiled = (op: FilterOperator): boolean => op.op === "conv" && isThreeByThree(op);

/**
 * Bytes of packed weights, starts of their sums (at most a quarter, because pieces have four steps or more; fused sums have none),
 * multipliers and bias.
 */
export function filterBytes(op: FilterOperator, placementOf: PlacementOf, tier: Tier): number {
  const input = placementOf(op.input);
  const filter = filterOf(op);
  const blocks = roundUp(filter.outputs, 8) / 8;
  const parameters = blocks * 32 * (1 + twoByTwo.edge ** 2);
  if (isDepthwise(op)) return parameters + blocks * 16 * Math.max(12, roundUp(filter.kernel[0] * filter.kernel[1], 2));
  const { rowOffsets, rowSteps } = planWindow(filter, input, 8);
  const direct = rowOffsets.length * rowSteps;
  const pairs = Math.ceil((filter.inputs * input.elementBytes) / 4);
  const usesFour = input.elementBytes === 2 && 72 * filter.inputs * filter.outputs <= largestFilters;
  const tiled = isTiled(op) ? positions(usesFour ? fourByFour : twoByTwo) * pairs : 0;
  const runs = 16 * (direct + rowOffsets.length);
  return (
    parameters +
    runs +
    blocks * Math.max(direct, tiled) * stepBytes * (input.elementBytes === 1 && tier !== "fused" ? 1.25 : 1)
  );
}

const positions = ({ edge }: Tiling): number => (edge + 2) ** 2;

/** Most bytes of transformed input; layers use this memory one after the other. */
export function transformedBytes(op: FilterOperator, placementOf: PlacementOf): number {
  const input = placementOf(op.input);
  return isTiled(op) ? Math.max(...tilings.map((tiling) => tileBytes(tiling, input))) : 0;
}

/** Bytes of input for the tiles that are transformed together. */
function tileBytes(tiling: Tiling, input: Placement): number {
  const group = positions(tiling) * roundUp(input.pixelPitch, 16) * tiling.group;
  const tiles = Math.ceil(input.height / tiling.edge + 1) * Math.ceil(input.width / tiling.edge + 1);
  return Math.min(Math.max(chunkBytes, group), Math.ceil(tiles / tiling.group) * group);
}
