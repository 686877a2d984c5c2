import { expect, test } from "vitest";
import { C, conv, head, nchw, network } from "../../test/classifier-forms.js";
import { operatorsOf } from "../../test/passes.js";
import { withReversedChannels } from "./channel-order.js";

test("the order of channels goes into the weights of the first convolution", () => {
  const graph = network(nchw, (g, x) => head(g, conv(g, x, C, 4), 4));
  const reversed = withReversedChannels(graph);
  expect(operatorsOf(reversed)).toEqual(operatorsOf(graph));
  const weights = ({ nodes, tensors }: typeof graph) => tensors.get(nodes[0]!.inputs[1]!)!;
  const [before, after] = [weights(graph), weights(reversed)];
  const size = before.shape[2]! * before.shape[3]!;
  expect(after.data.slice(0, size)).toEqual(before.data.slice((C - 1) * size, C * size));
  // Twice reversed, it is as it was.
  expect(weights(withReversedChannels(reversed))).toEqual(before);
});

test("grey images have no order", () => {
  const graph = network([1, 1, 8, 8], (g, x) => head(g, conv(g, x, 1, 4), 4));
  expect(withReversedChannels(graph)).toBe(graph);
});
