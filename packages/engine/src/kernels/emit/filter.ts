/** @file Convolutions and linear layers: the choice between direct, depthwise and Winograd kernels. */

import { describeLayer, type FilterOperator, isDepthwise } from "../choose.js";
import { emitDepthwise } from "./depthwise.js";
import { emitDirect, emitLogits } from "./direct.js";
import type { Emission } from "./emission.js";
import type { Emitter } from "./emitter.js";
import { filterBytes } from "./filter-bytes.js";
import { packProducts } from "./products.js";
import { emitWinograd } from "./winograd.js";

export const filter: Emission<FilterOperator> = { emit: emitFilter, constantBytes: filterBytes };

function emitFilter(emitter: Emitter, index: number, op: FilterOperator): void {
  const layer = describeLayer(emitter.program, emitter.packer, op);
  if (op.op === "linear") {
    if (op.output === undefined) emitLogits(emitter, index, op, layer);
    else emitDirect(emitter, index, op, layer, packProducts(emitter, layer, emitter.placement(op.input)));
    return;
  }
  if (isDepthwise(op)) return emitDepthwise(emitter, index, op, layer);
  if (emitWinograd(emitter, index, op, layer)) return;
  emitDirect(emitter, index, op, layer, packProducts(emitter, layer, emitter.placement(op.input)));
}
