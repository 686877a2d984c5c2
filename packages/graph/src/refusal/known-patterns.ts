/**
 * @file Finds parts of refused networks that have a well-known name, such as layer normalization, and says what a user can do.
 * The operators that are left of them after import (Sub, Pow, Sqrt …) say little.
 */

import { operatorList } from "../ir/operator-list.js";
import type { Graph, Node } from "../ir/types.js";
import { type Uses, usesOf } from "../ir/uses.js";

interface KnownPattern {
  readonly name: string;
  readonly advice: string;
  /** The nodes that identify the pattern, one for each time that it occurs. */
  find(graph: Graph, uses: Uses): readonly Node[];
}

const convolutional =
  "the integer engine runs convolutional networks; take one, such as a MobileNet, EfficientNet, RegNet or ResNet";

const withOp =
  (...ops: readonly string[]) =>
  ({ nodes }: Graph): readonly Node[] =>
    nodes.filter(({ op }) => ops.includes(op));

const moves: ReadonlySet<string> = new Set([
  "Cast",
  "Flatten",
  "Identity",
  "Reshape",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

/**
 * The node that computes one of a node's inputs and has one of the operators; operators that only move elements are skipped.
 */
function before({ inputs }: Node, uses: Uses, ...ops: readonly string[]): Node | undefined {
  const producers = inputs.map((input) => {
    let node = uses.producer(input);
    while (node && moves.has(node.op)) node = uses.producer(node.inputs[0]!);
    return node;
  });
  return producers.find((node) => node !== undefined && ops.includes(node.op));
}

/** Whether a value becomes the network's output through operators that only move elements. */
function isResult(value: string, uses: Uses): boolean {
  const readers = uses.readers(value);
  return readers.length === 0 || readers.every(({ op, outputs }) => moves.has(op) && isResult(outputs[0]!, uses));
}

const means = ["ReduceMean", "GlobalAveragePool", "ReduceSumSquare"];

/** √(mean((x − mean)²) + ε), and the division by it: LayerNorm in exports before opset 17. */
function standardDeviations({ nodes }: Graph, uses: Uses): readonly Node[] {
  return nodes.filter((node) => {
    if (node.op !== "Sqrt" && node.op !== "Pow") return false;
    const sum = before(node, uses, "Add");
    const mean = sum && before(sum, uses, ...means);
    return mean !== undefined && (mean.op === "ReduceSumSquare" || before(mean, uses, "Pow", "Mul") !== undefined);
  });
}

/** MatMul nodes both of whose operands are computed. */
const activationProducts = ({ nodes, tensors }: Graph): readonly Node[] =>
  nodes.filter(
    ({ op, inputs }) => (op === "MatMul" || op === "Gemm") && inputs.slice(0, 2).every((input) => !tensors.has(input)),
  );

const innerSoftmaxes = (graph: Graph, uses: Uses): readonly Node[] =>
  graph.nodes.filter(({ op, outputs }) => op === "Softmax" && !isResult(outputs[0]!, uses));

/** Finds softmax together with a product of computed matrices; each alone is reported as another pattern. */
function attention(graph: Graph, uses: Uses): readonly Node[] {
  const [products, softmaxes] = [activationProducts(graph), innerSoftmaxes(graph, uses)];
  return products.length > 0 && softmaxes.length > 0 ? [...softmaxes, ...products] : [];
}

const withoutAttention =
  (find: KnownPattern["find"]): KnownPattern["find"] =>
  (graph, uses) =>
    attention(graph, uses).length > 0 ? [] : find(graph, uses);

const patterns: readonly KnownPattern[] = [
  {
    name: "layer normalization",
    advice: convolutional,
    find: (graph, uses) => [
      ...withOp(
        "LayerNormalization",
        "SkipLayerNormalization",
        "SimplifiedLayerNormalization",
        "RMSNormalization",
      )(graph),
      ...standardDeviations(graph, uses),
    ],
  },
  {
    name: "attention",
    advice: convolutional,
    find: (graph, uses) => [...withOp("Attention", "MultiHeadAttention")(graph), ...attention(graph, uses)],
  },
  {
    name: "Softmax inside the network",
    advice: convolutional,
    find: withoutAttention(innerSoftmaxes),
  },
  {
    name: "products of two computed matrices",
    advice: convolutional,
    find: withoutAttention(activationProducts),
  },
  {
    name: "group or instance normalization",
    advice: "train the network with batch normalization, which becomes part of the weights",
    find: withOp("GroupNormalization", "InstanceNormalization", "GroupNorm"),
  },
  {
    name: "recurrent layers",
    advice: convolutional,
    find: withOp("LSTM", "GRU", "RNN"),
  },
  {
    name: "layers that make images larger",
    advice: "this is no classifier of images; name the output that gives classes (`output`) if there is one",
    find: withOp("Resize", "Upsample", "ConvTranspose", "DepthToSpace"),
  },
  {
    name: "the end of an object detector",
    advice: "this is no classifier of images; name the output that gives classes (`output`) if there is one",
    find: withOp("NonMaxSuppression", "RoiAlign", "MaxRoiPool"),
  },
  {
    name: "the choice of a class",
    advice: "export the network with its logits as output, or name that output (`output`)",
    find: withOp("ArgMax", "TopK", "Hardmax"),
  },
  {
    name: "integer layers in operator form",
    advice:
      "give the float network, or quantize it with QuantizeLinear and DequantizeLinear nodes (quant_format=QuantFormat.QDQ)",
    find: withOp("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear", "QGemm"),
  },
  {
    name: "operators that ONNX Runtime put in when it optimized the file",
    advice: "give the file from before that",
    find: ({ nodes }) =>
      nodes.filter(({ op, domain }) => domain === "com.microsoft" && /^(Fused|Nhwc|Bias|Quick)/.test(op)),
  },
  {
    name: "computations of shapes or positions",
    advice:
      "export with fixed height and width, and let a simplifier compute what does not depend on the image " +
      "(python -m onnxsim in.onnx out.onnx)",
    find: withOp("Range", "NonZero", "ScatterND", "GatherND", "Mod", "SequenceAt", "ConstantOfShape", "CumSum"),
  },
];

/**
 * Sentences that say what a user can do about refused nodes. Known patterns are named.
 * @param nodes the refused nodes
 */
export function adviceFor(graph: Graph, nodes: readonly Node[]): string {
  const uses = usesOf(graph);
  const found = patterns.flatMap(({ name, advice, find }) => {
    const places = find(graph, uses);
    return places.length > 0 ? [{ name, advice, places }] : [];
  });
  if (found.length === 0 && nodes.length === 0) return "Name the output that gives logits (`output`), if there is one.";
  if (found.length === 0)
    return `Export the model with other layers instead of ${list(operatorsOf(nodes))}, or name an output before them (\`output\`).`;
  const advices = new Set(found.map(({ advice }) => advice));
  return [...advices]
    .map((advice) => {
      const names = found
        .filter((each) => each.advice === advice)
        .map(({ name, places }) => `${name} (${operatorList(places)})`);
      return `The network has ${list(names)}: ${advice}.`;
    })
    .join(" ");
}

const operatorsOf = (nodes: readonly Node[]): readonly string[] => [...new Set(nodes.map(({ op }) => op))];

const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
