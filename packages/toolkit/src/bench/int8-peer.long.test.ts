/** The peer at full depth, with the operators that networks for ImageNet have. */
import { expect, test } from "vitest";
import { optimizedOperators } from "../runtime/optimized-operators.js";
import { int8Peer } from "./int8-peer.js";
import { benchNetwork } from "./network.js";

test.each([
  { architecture: "resnet18", layers: 20, additions: 8, pools: 1 },
  { architecture: "mobilenet_v2", layers: 52, additions: 10, pools: 0 },
])("$architecture goes from codes to logits without a float in between", async (expected) => {
  const network = await benchNetwork(expected.architecture, 32, { seed: 1, images: 2 });
  const operators = await optimizedOperators(await int8Peer(network));
  const count = (pattern: RegExp) => operators.filter((type) => pattern.test(type)).length;
  expect(count(/QLinearConv$/)).toBe(expected.layers);
  expect(count(/QLinearAdd$/)).toBe(expected.additions);
  expect(count(/NhwcMaxPool$/)).toBe(expected.pools);
  expect(count(/QGemm$/)).toBe(1);
  expect(count(/^QuantizeLinear$/)).toBe(1);
  expect(count(/^DequantizeLinear$/)).toBe(0);
  expect(count(/(Conv|Add|Relu|Clip)$/)).toBe(expected.layers + expected.additions);
});
