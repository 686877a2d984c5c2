// A network with an operator that ONNX does not have goes all the way to integers: node quantize.js MODEL.onnx
import { readFile } from "node:fs/promises";
import { writeSbq } from "@subbyte/engine";
import { float32, pattern, readOnnx, rulePass, runPasses, simplifyForImport } from "@subbyte/graph";
import { evaluateClassifier, integerClassifier, lower, openImages, quantizeGraph } from "@subbyte/toolkit";

// The network of the file, with com.example::CappedRelu(x) = min(max(x, 0), cap) in place of ReLU. A file that
// has such operators is read by readOnnx(bytes, { domains: ["com.example"] }).
const original = readOnnx(await readFile(process.argv[2]));
const own = (node) =>
  node.op === "Relu" ? { ...node, op: "CappedRelu", domain: "com.example", attributes: { cap: 10 } } : node;
const exported = { ...original, nodes: original.nodes.map(own) };

// What the operator means: a rule that writes it in operators that are known. Quantization and lowering follow from those.
const x = pattern.anyValue();
const cappedRelu = {
  name: "capped-relu",
  match: pattern.node("CappedRelu", [x], { domain: "com.example" }),
  rewrite(match, context) {
    const low = context.constant(float32([0], []), "low");
    const high = context.constant(float32([match.root.attributes.cap], []), "high");
    return context.node(match.root, "Clip", [match.value(x), low, high]);
  },
};

const known = runPasses(exported, [rulePass("own-operators", [cappedRelu])]);
const graph = simplifyForImport(known);

const preprocessing = { channels: 1, height: 28, width: 28, resize: "exact", mean: [0.1307], std: [0.3081] };
const { mean, std } = preprocessing;
const training = await openImages("mnist", { split: "train", limit: 256 });
const policy = { weights: 4, activations: 4 };
const quantized = await quantizeGraph(graph, training, { method: "mse", policy, mean, std, seed: 0 });

const engine = await integerClassifier(writeSbq(lower(quantized, { preprocessing })));
const { top1, images } = await evaluateClassifier(engine.classify, await openImages("mnist", { split: "test" }));
await engine.close();
console.log(`with CappedRelu, at 4 bits: ${(100 * top1).toFixed(2)} % of ${images} images`);
