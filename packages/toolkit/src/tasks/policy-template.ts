/** @file Writes a policy file for a model, to be edited: its layers with their bit widths, or 8 for a float network. */

import { simplifyForImport } from "@subbyte/graph";
import { writeFileAtomic } from "../files.js";
import type { FloatModel, QuantizedModel } from "../model-file/index.js";
import { withoutFakeQuant } from "../quantization/fake-quant.js";
import { layerBits, policyTemplate } from "../quantization/policy-file.js";
import { isLayer } from "../quantization/topology.js";
import { lift } from "../simulation/lift.js";

const DEFAULT_BITS = 8;

export async function writePolicyTemplate(path: string, model: FloatModel | QuantizedModel): Promise<void> {
  if (model.kind === "float") {
    const graph = simplifyForImport(model.graph);
    const layers = graph.nodes
      .filter(isLayer)
      .map(({ name }) => ({ pattern: name, weights: DEFAULT_BITS, activations: DEFAULT_BITS }));
    await writeFileAtomic(path, policyTemplate(path, model.path, graph, layers));
    return;
  }
  const graph = lift(model.program);
  await writeFileAtomic(path, policyTemplate(path, model.path, withoutFakeQuant(graph), layerBits(graph)));
}
