import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Graph, GraphBuilder, printGraph, writeOnnx } from "@subbyte/graph";
import { afterAll, describe, expect, test } from "vitest";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";
import { kitchenSink, randomTensor } from "../testing/networks.js";
import { type FloatModel, openModel } from "./open-model.js";

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

describe("a network that ends in a softmax gives logits", () => {
  test.each([
    ["Softmax", {}],
    ["Softmax", { axis: 1 }],
    ["LogSoftmax", { axis: -1 }],
  ] as const)("%s %o", async (op, attributes) => {
    const plain = await opened(network);
    const model = await opened(endingIn(op, attributes));
    expect(printGraph(model.graph)).toBe(printGraph(plain.graph));
    expect(model.classes).toBe(5);
    expect(await outputs(model)).toEqual(await outputs(plain));
  });

  test("nothing else at the end is left out, and ONNX Runtime gets the bytes of the file", async () => {
    for (const graph of [network, endingIn("Sigmoid"), endingIn("Softmax", { axis: 0 })]) {
      const model = await opened(graph);
      expect(model.executable).toBe(model.bytes);
      expect(model.graph.nodes.length).toBe(graph.nodes.length);
    }
  });
});
