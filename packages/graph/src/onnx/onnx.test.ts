import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectSameOutputs } from "../../test/passes.js";
import { runGraph, runModel } from "../../test/runtime.js";
import { ModelError } from "../errors.js";
import { GraphBuilder } from "../ir/builder.js";
import { printGraph } from "../ir/printer.js";
import { float32, int64 } from "../ir/tensor.js";
import type { Graph } from "../ir/types.js";
import { readOnnx } from "./reader.js";
import {
  AttributeType,
  fromBigInt,
  type GraphProto,
  type ModelProto,
  modelType,
  type NodeProto,
  toBigInt,
} from "./schema.js";
import { writeOnnx } from "./writer.js";

/** Conv, batch norm, pooling, a reduction whose spelling depends on the opset, and a linear layer. */
function classifier(): Graph {
  const g = new GraphBuilder("classifier");
  const x = g.input("input", "float32", ["N", 2, 6, 6]);
  const weight = g.constant(
    float32(
      Float32Array.from({ length: 36 }, (_, i) => Math.sin(i)),
      [2, 2, 3, 3],
    ),
    "conv.weight",
  );
  const conv = g.op("Conv", [x, weight], { pads: [1, 1, 1, 1], strides: [1, 1] }, { name: "conv" });
  const stats = ["weight", "bias", "running_mean", "running_var"].map((name, i) =>
    g.constant(float32([1 + i, 2 + i]), `bn.${name}`),
  );
  const bn = g.op("BatchNormalization", [conv, ...stats], { epsilon: 1 }, { name: "bn" });
  const relu = g.op("LeakyRelu", [bn], { alpha: 0 }, { name: "relu" });
  const clip = g.op("Clip", [relu, "", g.scalar(6, "six")], {}, { name: "clip" });
  const mean = g.op("ReduceMean", [clip, g.ints([2, 3], "axes")], { keepdims: 0 }, { name: "mean" });
  const fc = g.op(
    "Gemm",
    [mean, g.constant(float32([1, 2, 3, 4, 5, 6], [3, 2]), "fc.weight")],
    { transB: 1, alpha: 2 },
    { name: "fc" },
  );
  g.output(fc);
  return g.build();
}

const decode = (bytes: Uint8Array): ModelProto & { graph: GraphProto } => modelType.decode(bytes) as never;

/** The classifier's file with a change to its messages. */
function altered(change: (model: ModelProto & { graph: GraphProto }) => void): Uint8Array {
  const model = decode(writeOnnx(classifier()));
  change(model);
  return modelType.encode(model).finish();
}

const node = (fields: Partial<NodeProto>): NodeProto => ({
  input: [],
  output: [],
  name: "",
  op_type: "Relu",
  domain: "",
  attribute: [],
  ...fields,
});

describe("round trip", () => {
  test.each([13, 14, 17, 18, 20, 21, 22])("opset %i gives the same graph and the same outputs", async (opset) => {
    const graph = classifier();
    const bytes = writeOnnx(graph, { opset });
    const again = readOnnx(bytes);
    expect(printGraph(again)).toBe(printGraph(graph).replaceAll("axes:", opset < 18 ? "mean.axes:" : "axes:"));
    expectSameOutputs(await runModel(bytes, graph), await runGraph(graph), 0);
  });

  test("every kind of attribute", () => {
    const g = new GraphBuilder("attributes");
    const x = g.input("x", "float32", ["N", 4]);
    const attributes = {
      alpha: 1,
      int: -3,
      big: 2n ** 62n,
      text: "größer",
      list: [1, -2],
      none: [],
      scales: [1, 2],
      texts: ["a", "b"],
      tensor: float32([1, 2], [2, 1]),
    };
    g.output(g.op("Anything", [x], attributes));
    const graph = g.build();
    const bytes = writeOnnx(graph);
    expect(readOnnx(bytes)).toEqual(graph);
    const types = Object.fromEntries(decode(bytes).graph.node[0]!.attribute.map(({ name, type }) => [name, type]));
    expect(types).toEqual({
      alpha: AttributeType.FLOAT,
      int: AttributeType.INT,
      big: AttributeType.INT,
      text: AttributeType.STRING,
      list: AttributeType.INTS,
      none: AttributeType.INTS,
      scales: AttributeType.FLOATS,
      texts: AttributeType.STRINGS,
      tensor: AttributeType.TENSOR,
    });
  });

  test("a fraction where ONNX has an integer is refused", () => {
    const g = new GraphBuilder("g");
    g.output(g.op("Softmax", [g.input("x", "float32", [2])], { axis: 0.5 }));
    expect(() => writeOnnx(g.build())).toThrow(/attribute "axis" is an integer in ONNX, found 0.5/);
  });

  test("metadata, producer, domains and types are in the file", () => {
    const g = new GraphBuilder("g");
    const x = g.input("x", "float32", ["N", 4]);
    const relu = g.op("Relu", [x], {}, { name: "relu" });
    g.output(g.op("FusedGelu", [relu], {}, { domain: "com.microsoft", name: "gelu" }));
    const model = decode(writeOnnx(g.build(), { producerVersion: "1.2", metadata: { seed: "7" } }));
    expect(model.producer_name).toBe("subbyte");
    expect(model.producer_version).toBe("1.2");
    expect(model.metadata_props).toMatchObject([{ key: "seed", value: "7" }]);
    expect(model.opset_import.map(({ domain, version }) => [domain, toBigInt(version)])).toEqual([
      ["", 18n],
      ["com.microsoft", 1n],
    ]);
    const info = model.graph.value_info.map(({ name, type }) => [
      name,
      type!.tensor_type!.shape!.dim.map((d) => d.dim_param),
    ]);
    expect(info).toEqual([["relu", ["N", ""]]]);
  });

  test("4-bit constants ask for opset 21", () => {
    const g = new GraphBuilder("g");
    const codes = g.constant({ dtype: "int4", shape: [3], data: Int8Array.of(-8, 0, 7) }, "codes");
    g.output(g.op("DequantizeLinear", [codes, g.scalar(0.5, "scale")], {}, { name: "w" }));
    const graph = g.build();
    const bytes = writeOnnx(graph);
    expect(toBigInt(decode(bytes).opset_import[0]!.version)).toBe(21n);
    expect(readOnnx(bytes)).toEqual(graph);
  });

  test.each([
    ["Gelu", {}, 20],
    ["HardSwish", {}, 14],
    ["Reshape", { allowzero: 1 }, 14],
    ["AveragePool", { kernel_shape: [2, 2], dilations: [2, 2] }, 19],
  ])("%s %o needs opset %i", (op, attributes, since) => {
    const g = new GraphBuilder("g");
    g.output(g.op(op, [g.input("x", "float32", [1, 1, 4, 4])], attributes, { name: "n", domain: "" }));
    expect(() => writeOnnx({ ...g.build(), inputs: [{ name: "x", dtype: "float32" }] }, { opset: 13 })).toThrow(
      new RegExp(`needs opset ${since}, and 13`),
    );
  });
});

describe("reading", () => {
  test("Constant nodes become constants", () => {
    const bytes = altered(({ graph }) => {
      const attribute = (name: string, fields: object) => [{ name, ...fields }] as NodeProto["attribute"];
      graph.node.unshift(
        node({ op_type: "Constant", output: ["a"], attribute: attribute("value_float", { type: 1, f: 0.5 }) }),
        node({
          op_type: "Constant",
          output: ["b"],
          attribute: attribute("value_ints", { type: 7, ints: [fromBigInt(-(2n ** 63n))] }),
        }),
        node({ op_type: "Constant", output: ["c"], attribute: attribute("value_int", { type: 2, i: fromBigInt(3n) }) }),
        node({ op_type: "Constant", output: ["d"], attribute: attribute("value_floats", { type: 6, floats: [1, 2] }) }),
      );
    });
    const { tensors, nodes } = readOnnx(bytes);
    expect(nodes.some(({ op }) => op === "Constant")).toBe(false);
    expect(tensors.get("a")).toEqual(float32([0.5], []));
    expect(tensors.get("b")).toEqual({ dtype: "int64", shape: [1], data: BigInt64Array.of(-(2n ** 63n)) });
    expect(tensors.get("c")).toEqual(int64([3], []));
    expect(tensors.get("d")).toEqual(float32([1, 2]));
  });

  test("missing and repeated node names are made unique, initializers are no inputs, open dimensions get symbols", () => {
    const bytes = altered(({ graph }) => {
      graph.node[0]!.name = "";
      for (const i of [1, 2, 3]) graph.node[i]!.name = "same";
      graph.input.push({ name: "conv.weight", type: graph.input[0]!.type! });
      graph.input[0]!.type!.tensor_type!.shape!.dim[0] = { dim_value: fromBigInt(-1n), dim_param: "" };
    });
    const graph = readOnnx(bytes);
    expect(graph.nodes.slice(0, 4).map(({ name }) => name)).toEqual(["Conv_0", "same", "same_0", "same_1"]);
    expect(graph.inputs).toEqual([{ name: "input", dtype: "float32", shape: ["input_0", 2, 6, 6] }]);
  });

  test("an attribute named __proto__ is an attribute", () => {
    const bytes = altered(({ graph }) => {
      graph.node[0]!.attribute.push({ name: "__proto__", type: 2, i: fromBigInt(1n) } as NodeProto["attribute"][0]);
    });
    expect(Object.keys(readOnnx(bytes).nodes[0]!.attributes)).toContain("__proto__");
    expect(({} as Record<string, unknown>).group).toBeUndefined();
  });
});

describe("what cannot be read says why", () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ["nothing", new Uint8Array(), /not an ONNX model.*empty/],
    ["text", new TextEncoder().encode("<html>Not found</html>"), /not an ONNX model/],
    ["no graph", altered((model) => delete (model as { graph?: unknown }).graph), /it has no graph/],
    [
      "no opset",
      altered((model) => {
        model.opset_import = [];
      }),
      /which opset/,
    ],
    [
      "opset 12",
      altered((model) => {
        model.opset_import[0]!.version = fromBigInt(12n);
      }),
      /opset 12; opsets 13 to 22/,
    ],
    [
      "opset 23",
      altered((model) => {
        model.opset_import[0]!.version = fromBigInt(23n);
      }),
      /opset 23/,
    ],
    [
      "all foreign nodes at once",
      altered(({ graph }) => {
        graph.node[0]!.domain = "ai.onnx.ml";
        graph.node[1]!.attribute.push({ name: "then_branch", type: 5 } as NodeProto["attribute"][0]);
      }),
      /2 nodes that are not supported: Conv "conv" is of the domain "ai.onnx.ml"; BatchNormalization "bn" has a subgraph/,
    ],
    [
      "a function",
      altered((model) => {
        model.functions = [{ name: "Block", domain: "local" }];
        model.graph.node[0]!.op_type = "Block";
        model.graph.node[0]!.domain = "local";
      }),
      /Block "conv" calls a function/,
    ],
    [
      "sparse tensors",
      altered(({ graph }) => {
        graph.sparse_initializer = [{}];
      }),
      /1 sparse tensors/,
    ],
    [
      "external data",
      altered(({ graph }) => {
        graph.initializer[0]!.data_location = 1;
      }),
      /"conv.weight" keeps its data in another file/,
    ],
    [
      "a sequence input",
      altered(({ graph }) => {
        graph.input[0]!.type = {};
      }),
      /"input" is not a tensor/,
    ],
    [
      "an attribute of another kind",
      altered(({ graph }) => {
        graph.node[0]!.attribute.push({
          name: "group",
          type: AttributeType.STRING,
          s: "two",
        } as NodeProto["attribute"][0]);
      }),
      /attribute "group" of Conv "conv" is of another kind than INT/,
    ],
    [
      "an attribute without a type",
      altered(({ graph }) => {
        graph.node[0]!.attribute.push({ name: "group", i: fromBigInt(1n) } as NodeProto["attribute"][0]);
      }),
      /attribute "group" of Conv "conv" has no value or the unknown type 0/,
    ],
    [
      "an input that nothing produces",
      altered(({ graph }) => {
        graph.node[1]!.input[0] = "gone";
      }),
      /"gone", which nothing produces/,
    ],
    [
      "a value produced twice",
      altered(({ graph }) => {
        graph.node[1]!.output[0] = "conv";
      }),
      /"conv" is produced twice/,
    ],
    [
      "a constant twice",
      altered(({ graph }) => {
        graph.initializer.push(graph.initializer[0]!);
      }),
      /"conv.weight" is defined twice/,
    ],
    [
      "nodes out of order",
      altered(({ graph }) => {
        graph.node.reverse();
      }),
      /before .* produces it/,
    ],
  ];
  test.each(cases)("%s", (_, bytes, message) => {
    expect(() => readOnnx(bytes)).toThrow(ModelError);
    expect(() => readOnnx(bytes)).toThrow(message);
  });
});

describe("hostile input ends in ModelError or in a graph, never otherwise", () => {
  const file = writeOnnx(classifier());

  /** Runs the reader and lets through what it may do. */
  function readSafely(bytes: Uint8Array): "read" | "refused" {
    try {
      readOnnx(bytes);
      return "read";
    } catch (error) {
      if (error instanceof ModelError) return "refused";
      throw error;
    }
  }

  test("every truncation is refused", () => {
    for (let length = 0; length < file.length; length++) expect(readSafely(file.subarray(0, length))).toBe("refused");
  });

  test("random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => readSafely(bytes) === "refused"),
      { numRuns: 500 },
    );
  });

  test("changed bytes", () => {
    const change = fc.tuple(fc.nat({ max: file.length - 1 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = file.slice();
        for (const [at, value] of changes) bytes[at] = value;
        readSafely(bytes);
      }),
      { numRuns: 2000 },
    );
  });
});
