/** @file The passes that every imported model goes through. */

import { inferTypes } from "../inference/infer-types.js";
import type { Graph } from "../ir/types.js";
import { verify } from "../ir/verifier.js";
import { canonicalize } from "./canonicalize.js";
import { channelAffineToConv } from "./channel-affine-to-conv.js";
import { clipForms } from "./clip-forms.js";
import { cropTaps } from "./crop-dead-taps.js";
import { foldBatchNorm } from "./fold-batch-norm.js";
import { foldChannelAffine } from "./fold-channel-affine.js";
import { foldConstants, foldConstantsWithin, foldingLimit } from "./fold-constants.js";
import { foldIntoNext } from "./fold-into-next.js";
import { foldShapes } from "./fold-shapes.js";
import { fusePadding } from "./fuse-padding.js";
import { mergeAxes } from "./merge-axes.js";
import { mergeReshapes } from "./merge-reshapes.js";
import { mergeSlices } from "./merge-slices.js";
import { nameByModule } from "./name-by-module.js";
import { type Pass, type PassOptions, runPasses } from "./pass.js";
import { pushTransposes } from "./push-transposes.js";
import { quantizedForms } from "./quantized-forms.js";
import { recognizeActivations } from "./recognize-activations.js";
import { reductions } from "./reductions.js";
import { removeDeadNodes } from "./remove-dead-nodes.js";
import { removeIdentities } from "./remove-identities.js";
import { splitToSlices } from "./split-to-slices.js";
import { sums } from "./sums.js";

/**
 * The passes of an import. They run until none changes anything, so their order only affects how long that takes. Passes that
 * compute shapes go first, because most rules need types. The pass that sets names goes last, when the layers no longer change.
 */
export const importPasses: readonly Pass[] = [
  removeDeadNodes,
  foldConstants,
  foldShapes,
  removeIdentities,
  pushTransposes,
  mergeReshapes,
  sums,
  clipForms,
  reductions,
  canonicalize,
  recognizeActivations,
  splitToSlices,
  mergeSlices,
  mergeAxes,
  fusePadding,
  cropTaps,
  foldBatchNorm,
  foldChannelAffine,
  foldIntoNext,
  channelAffineToConv,
  nameByModule,
];

/**
 * Passes for quantized files. They make no convolution from a factor and an offset per channel: its weights would have no grid,
 * whereas a function of one quantized value becomes a table.
 */
const quantizedPasses: readonly Pass[] = [
  quantizedForms,
  ...importPasses.filter((pass) => pass !== channelAffineToConv),
];

/**
 * Brings an imported model to the form that training, quantization and lowering expect: constants are folded, batch
 * normalization is in the weights, identities are removed, and each operator has few forms. Inputs and outputs keep their names
 * and types.
 *
 * @throws {ModelError} that lists all unsupported operators that remain
 */
export function simplifyForImport(graph: Graph, options: PassOptions = {}): Graph {
  verify(graph);
  const limited = foldConstantsWithin(foldingLimit(graph));
  const isQuantized = graph.nodes.some(({ op, domain }) => op === "FakeQuant" && domain === "subbyte");
  const listed = isQuantized ? quantizedPasses : importPasses;
  const passes = listed.map((pass) => (pass === foldConstants ? limited : pass));
  const simplified = runPasses(graph, passes, options);
  inferTypes(simplified);
  return simplified;
}
