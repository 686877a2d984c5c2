import { writeOnnx } from "@subbyte/graph";
import { expect, test } from "vitest";
import { FailedRunError } from "../errors.js";
import { QDQ_OPSET, toQdq } from "../export/qdq.js";
import { insertFakeQuant } from "../quantization/insert.js";
import { optimizedOperators } from "../runtime/optimized-operators.js";
import { assertIntegerThroughout, int8Peer } from "./int8-peer.js";
import { benchNetwork } from "./network.js";
import { calibrated } from "./quantized.js";

const network = await benchNetwork("resnet20", 16, { seed: 1, images: 2 });

test("ONNX Runtime runs the peer on integers from the first layer to the last", async () => {
  const operators = await optimizedOperators(await int8Peer(network));
  const count = (pattern: RegExp) => operators.filter((type) => pattern.test(type)).length;
  expect(count(/QLinearConv$/)).toBe(19);
  expect(count(/QLinearAdd$/)).toBe(9);
  expect(count(/QLinearGlobalAveragePool$/)).toBe(1);
  expect(count(/QGemm$/)).toBe(1);
  expect(count(/(Conv|Relu|Add)$/)).toBe(19 + 9);
});

test("a model without pairs between Conv and Add is refused, and so is a float one", async () => {
  const graph = await calibrated(insertFakeQuant(network.graph, { weights: 8, activations: 8 }), network);
  const crippled = writeOnnx(toQdq(graph), { opset: QDQ_OPSET });
  await expect(assertIntegerThroughout(crippled)).rejects.toThrow(FailedRunError);
  await expect(assertIntegerThroughout(crippled)).rejects.toThrow(
    /the int8 network is not entirely on integers: .* 10 of \d+ operators compute on floats .*Conv/,
  );
  await expect(assertIntegerThroughout(writeOnnx(network.graph))).rejects.toThrow(/not entirely on integers/);
});
