import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32, type Graph, GraphBuilder, printGraph, writeOnnx } from "@subbyte/graph";
import { afterAll, describe, expect, test } from "vitest";
import { writeWithExternalData } from "../../test/exporters/files.js";
import { describeError } from "../error-report.js";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";
import { kitchenSink, randomTensor } from "../testing/networks.js";
import { writeSafetensors } from "../weights/index.js";
import { type FloatModel, modelBytes, openModel } from "./open-model.js";

const network = kitchenSink(5);
const folder = mkdtempSync(join(tmpdir(), "subbyte-open-model-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The network with another operator behind its logits. */
function endingIn(op: string, attributes: Readonly<Record<string, number>> = {}): Graph {
  const b = new GraphBuilder(network.name, network);
  const end = b.op(op, [network.outputs[0]!], attributes, { name: "end" });
  b.setOutputs([end]);
  return b.build();
}

async function opened(graph: Graph): Promise<FloatModel> {
  const path = join(folder, "model.onnx");
  writeFileSync(path, writeOnnx(graph));
  return (await openModel(path)) as FloatModel;
}

async function outputs({ executable }: FloatModel): Promise<ArrayLike<unknown>> {
  const session = await createSession(executable, { threads: 1 });
  const image = randomTensor(new Random(1), [2, 3, 16, 16], 1);
  const results = await session.run({ [session.inputs[0]!]: image }, [session.outputs[0]!]);
  await session.release();
  return results[session.outputs[0]!]!.data;
}

describe("the description in an ONNX file's metadata", () => {
  const description = { mean: [0.1, 0.2, 0.3], std: [1, 2, 3], resizeTo: 20, labels: ["a", "b", "c", "d", "e"] };
  const open = (text: string) => {
    const path = join(folder, "described.onnx");
    writeFileSync(path, writeOnnx(network, { metadata: { "subbyte.images": text } }));
    return openModel(path);
  };

  test("is read", async () => {
    expect(await open(JSON.stringify(description))).toMatchObject({ kind: "float", classes: 5, description });
  });

  test.each([
    ["{", /damaged/],
    [JSON.stringify({ ...description, mean: [0] }), /one value per channel/],
    [JSON.stringify({ ...description, labels: ["a"] }), /labels: .*write the file again with the task `export`/],
  ])("is refused if it is damaged: %s", async (text, message) => {
    await expect(open(text)).rejects.toMatchObject({
      code: "damaged-metadata",
      message: expect.stringMatching(message),
    });
  });
});

describe("a checkpoint whose description is damaged is refused", () => {
  const description = {
    architecture: "resnet20",
    classes: 3,
    channels: 3,
    size: 32,
    stem: "cifar",
    mean: [0, 0, 0],
    std: [1, 1, 1],
    labels: ["a", "b", "c"],
  };
  const open = (text: string) => {
    const path = join(folder, "described.safetensors");
    writeFileSync(
      path,
      writeSafetensors(new Map([["w", float32(new Float32Array(3), [3])]]), { "subbyte.model": text }),
    );
    return openModel(path);
  };

  test.each([
    ["null", /description|damaged/],
    ["[]", /damaged/],
    ["{", /damaged/],
    [JSON.stringify({ ...description, classes: 2 ** 40 }), /classes: .*1048576/],
    [JSON.stringify({ ...description, classes: 2 ** 20 }), /1048576 classes, but has no tensor with as many rows/],
    [JSON.stringify({ ...description, size: 2 ** 30 }), /size: /],
    [JSON.stringify({ ...description, labels: [{}, 1, 2] }), /labels\.0: /],
    [JSON.stringify({ ...description, mean: [0] }), /one value per channel/],
    [JSON.stringify({ ...description, architecture: "toString" }), /no built-in architecture "toString"/],
    [JSON.stringify(description), /resnet20|conv1/],
  ])("%s", async (text, message) => {
    const error = await open(text).catch((error: unknown) => error);
    expect(describeError(error).kind).not.toBe("internal");
    expect(describeError(error).message).toMatch(message);
  });
});

describe("a network that ends in a function of its logits gives logits", () => {
  test.each([
    ["Softmax", {}, "softmax"],
    ["Softmax", { axis: 1 }, "softmax"],
    ["LogSoftmax", { axis: -1 }, "softmax"],
    ["Sigmoid", {}, "sigmoid"],
    ["Tanh", {}, "softmax"],
  ] as const)("%s %o", async (op, attributes, probabilities) => {
    const plain = await opened(network);
    const model = await opened(endingIn(op, attributes));
    expect(printGraph(model.graph)).toBe(printGraph(plain.graph));
    expect(model).toMatchObject({ classes: 5, probabilities, notes: [] });
    expect(await outputs(model)).toEqual(await outputs(plain));
  });

  test("nothing else at the end is left out, and ONNX Runtime gets the bytes of the file", async () => {
    for (const graph of [network, endingIn("Relu"), endingIn("Softmax", { axis: 0 })]) {
      const model = await opened(graph);
      expect(model.executable).toBe(model.bytes);
      expect(model.graph.nodes.length).toBe(graph.nodes.length);
    }
  });
});

test("weights in a file beside the model count with its size", async () => {
  const path = join(folder, "apart.onnx");
  await writeWithExternalData(network, path);
  const [file, data] = [path, `${path}.data`].map((each) => statSync(each).size);
  expect(data).toBeGreaterThan(1000);
  expect(modelBytes(await openModel(path))).toBe(file! + data!);
  writeFileSync(path, writeOnnx(network));
  expect(modelBytes(await openModel(path))).toBe(statSync(path).size);
});

test("the hash of a model covers weights in a file beside it", async () => {
  const path = join(folder, "hashed.onnx");
  await writeWithExternalData(network, path);
  const { sha256 } = await openModel(path);
  const data = readFileSync(`${path}.data`);
  data[data.length - 2]! ^= 1;
  writeFileSync(`${path}.data`, data);
  expect((await openModel(path)).sha256).not.toBe(sha256);
  writeFileSync(path, writeOnnx(network));
  expect((await openModel(path)).sha256).toBe(createHash("sha256").update(readFileSync(path)).digest("hex"));
});

describe("a binary classifier with one output", () => {
  const fc = network.nodes.at(-1)!;
  const row = (name: string, count: number) => {
    const { data } = network.tensors.get(name)!;
    return {
      dtype: "float32",
      shape: count === 1 ? [1] : [1, count],
      data: (data as Float32Array).slice(0, count),
    } as const;
  };
  const oneLogit = (end?: string): Graph => {
    const b = new GraphBuilder("binary", network);
    const inputs = [fc.inputs[0]!, b.constant(row(fc.inputs[1]!, 24)), b.constant(row(fc.inputs[2]!, 1))];
    const z = b.op("Gemm", inputs, { transB: 1 }, { name: "one" });
    b.setOutputs([end === undefined ? z : b.op(end, [z], {}, { name: "end" })]);
    return b.build();
  };

  test.each([undefined, "Sigmoid"])("has two classes whose logits are 0 and its own; %s at the end", async (end) => {
    const model = await opened(oneLogit(end));
    expect(model).toMatchObject({ classes: 2, probabilities: "softmax", notes: [expect.stringMatching(/one output/)] });
    const five = (await outputs(await opened(network))) as Float32Array;
    const two = (await outputs(model)) as Float32Array;
    expect([...two]).toEqual([0, expect.closeTo(five[0]!, 5), 0, expect.closeTo(five[5]!, 5)]);
  });
});

describe("a network of several outputs", () => {
  const several = (): Graph => {
    const b = new GraphBuilder(network.name, network);
    const features = network.nodes.at(-1)!.inputs[0]!;
    const map = network.nodes.find(({ op }) => op === "GlobalAveragePool")!.inputs[0]!;
    b.setOutputs([map, network.outputs[0]!, b.op("Relu", [features], {}, { name: "embedding" })]);
    return b.build();
  };

  test("is read by the first that has the shape of logits; the rest is dropped, and a note says so", async () => {
    const model = await opened(several());
    expect(printGraph(model.graph)).toBe(printGraph((await opened(network)).graph));
    expect(model.notes).toEqual([expect.stringMatching(/3 outputs: "fc" is used/)]);
  });

  test("or by the one that is named", async () => {
    const path = join(folder, "several.onnx");
    writeFileSync(path, writeOnnx(several()));
    const model = await openModel(path, { output: "embedding" });
    expect(model).toMatchObject({ classes: 24, notes: [] });
    await expect(openModel(path, { output: "nothing" })).rejects.toThrow(/no output "nothing"; it has .*embedding/);
  });
});
