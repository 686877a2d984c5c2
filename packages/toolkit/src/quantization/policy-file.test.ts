import { expect, test } from "vitest";
import { parse } from "yaml";
import { kitchenSink } from "../testing/networks.js";
import { policyTemplate } from "./policy-file.js";
import { isLayer } from "./topology.js";

const graph = kitchenSink(7);
const layers = graph.nodes
  .filter(isLayer)
  .map(({ name }, i) => ({ pattern: name, weights: 2 + (i % 7), activations: 8 - (i % 7) }));

test.each(["policy.yaml", "policy.yml", "policy.json"])("%s reads as the bit widths that went in", (path) => {
  const text = policyTemplate(path, "a model.onnx", graph, layers);
  expect(path.endsWith(".json") ? JSON.parse(text) : parse(text)).toEqual(layers);
});

test("YAML says of each layer what it is", () => {
  const lines = policyTemplate("policy.yaml", "a model.onnx", graph, layers).split("\n");
  expect(lines[0]).toBe('# Bit widths of the layers of "a model.onnx", 2 to 8, for the option "policy".');
  const remark = (name: string) => lines.find((line) => line.includes(`"${name}"`))!.split(" # ")[1];
  const [first, last] = [layers[0]!.pattern, layers.at(-1)!.pattern];
  expect(remark(first)).toMatch(/^Conv to \d+×16×16, \d+ weights, first$/);
  expect(remark(last)).toMatch(/ to 5, \d+ weights, last$/);
  expect(lines.filter((line) => line.endsWith(", depthwise"))).toHaveLength(1);
});

test("names that YAML would read otherwise stay what they are", () => {
  const names = ["/layer1/conv", "a: b", "# c", "yes", 'qu"ote', "new\nline", "tab\t", "1"];
  const strange = names.map((pattern) => ({ pattern, weights: 4, activations: 4 }));
  expect(parse(policyTemplate("p.yaml", "new\nline", graph, strange))).toEqual(strange);
});
