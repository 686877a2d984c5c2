import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { altered, classifier, node } from "../../test/onnx-files.js";
import { ModelError } from "../errors.js";
import { float32, int64 } from "../ir/tensor.js";
import { readOnnx } from "./reader.js";
import { AttributeType, fromBigInt, type NodeProto } from "./schema.js";
import { writeOnnx } from "./writer.js";

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

  test("nodes may be in any order", () => {
    const bytes = altered(({ graph }) => {
      graph.node.reverse();
    });
    expect(readOnnx(bytes)).toEqual(classifier());
  });

  test("operators of the domains that are named are kept, with their attributes, for the caller's own rules", () => {
    const bytes = altered(({ graph }) => {
      graph.node[2]!.domain = "com.example";
      graph.node[2]!.op_type = "CappedRelu";
      graph.node[2]!.attribute.push({ name: "cap", type: 1, f: 6 } as NodeProto["attribute"][0]);
    });
    const { op, domain, attributes } = readOnnx(bytes, { domains: ["com.example"] }).nodes[2]!;
    expect({ op, domain, attributes }).toEqual({
      op: "CappedRelu",
      domain: "com.example",
      attributes: { alpha: 0, cap: 6 },
    });
    expect(() => readOnnx(bytes, { domains: ["com.other"] })).toThrow('of the domain "com.example"');
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
      "opset 0",
      altered((model) => {
        model.opset_import[0]!.version = fromBigInt(0n);
      }),
      /opset 0; opsets 1 to 25/,
    ],
    [
      "opset 26",
      altered((model) => {
        model.opset_import[0]!.version = fromBigInt(26n);
      }),
      /opset 26/,
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
      "nodes in a circle",
      altered(({ graph }) => {
        graph.node[0]!.input[0] = "relu";
      }),
      /before .* produces it/,
    ],
    [
      "two graphs, of which other readers take both",
      Uint8Array.from([...writeOnnx(classifier()), ...writeOnnx(classifier())]),
      /more than one graph/,
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

  test("tens of thousands of nodes without a name take no time to speak of", () => {
    const bytes = altered(({ graph }) => {
      graph.node = Array.from({ length: 20_000 }, (_, i) => node({ input: ["input"], output: [`y${i}`] }));
    });
    expect(() => readOnnx(bytes)).toThrow(/output "fc" is produced by nothing/);
    const nameless = altered(({ graph }) => {
      graph.node = Array.from({ length: 50_000 }, () => node({ op_type: "" }));
    });
    expect(() => readOnnx(nameless)).toThrow(ModelError);
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
