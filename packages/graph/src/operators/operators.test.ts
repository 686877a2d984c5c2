/**
 * One driver for all operators. For every sample: inferred types and the reference's values against ONNX Runtime; the gradient
 * rule against central differences, with a symbolic batch where the sample has one; and the gradient graph, expanded, in
 * ONNX Runtime at every optimization level and twice.
 */

import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { type Bound, expectFaithful, relativeToLargest } from "../../test/every-level.js";
import { distinctValues, expectGradients } from "../../test/gradient-check.js";
import { buildSample, type Case } from "../../test/samples/build.js";
import { samples } from "../../test/samples/index.js";
import { gradients } from "../autodiff/gradients.js";
import { expandForTraining } from "../decompositions/index.js";
import { inferTypes } from "../inference/infer-types.js";
import { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import type { Graph } from "../ir/types.js";
import { verify } from "../ir/verifier.js";
import { writeOnnx } from "../onnx/writer.js";
import { evaluate } from "../reference/interpreter.js";
import { operatorDefinition, operators } from "./index.js";

async function runOnce({ graph, feeds, results }: Case): Promise<readonly [string, ort.Tensor][]> {
  const session = await ort.InferenceSession.create(writeOnnx(graph), {
    graphOptimizationLevel: "disabled",
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const tensors = [...feeds].map(([name, { data, shape }]) => [
    name,
    new ort.Tensor("float32", data as Float32Array, shape),
  ]);
  const outputs = await session.run(Object.fromEntries(tensors));
  await session.release();
  return results.map((name) => [name, outputs[name]!]);
}

/** Σ outputs · random weights, so that the gradient is ⟨v, J⟩ for a random cotangent v. */
function weighted({ graph, feeds, results }: Case): Graph {
  const g = new GraphBuilder(graph.name, graph);
  const values = evaluate(graph, feeds);
  const types = inferTypes(graph);
  const sums = results
    .filter((result) => types.get(result)!.dtype === "float32")
    .map((result, i) => {
      const { shape, data } = distinctValues(values.get(result)!.shape, 50 + i);
      const product = g.op("Mul", [result, g.constant(float32(data as Float64Array, shape))]);
      return g.op("ReduceSum", [product], { keepdims: 0 });
    });
  const loss = g.op("Identity", [sums.reduce((a, b) => g.op("Add", [a, b]))], {}, { name: "loss" });
  g.setOutputs([loss]);
  return g.build();
}

describe.each(samples.map((sample) => ({ name: [sample.op, sample.label].filter(Boolean).join(", "), sample })))(
  "$name",
  ({ sample }) => {
    const checked = buildSample(sample);

    test("types and values are ONNX Runtime's", async () => {
      verify(checked.graph);
      const types = inferTypes(checked.graph);
      const reference = evaluate(checked.graph, checked.feeds);
      for (const [name, found] of await runOnce(checked)) {
        const inferred = types.get(name)!;
        expect(inferred.dtype).toBe(found.type);
        // A symbol may stand for any size, a number for its own only.
        expect(inferred.shape!.map((dim, axis) => (typeof dim === "string" ? found.dims[axis] : dim))).toEqual(
          found.dims,
        );
        const { shape, data } = reference.get(name)!;
        expect(shape).toEqual(found.dims);
        const [expected, actual] = [data, found.data].map((each) => Array.from(each as Float32Array, Number));
        const largest = Math.max(0, ...expected!.map(Math.abs));
        expected!.forEach((value, i) => {
          // Written so that NaN fails.
          if (!(Math.abs(value - actual![i]!) <= 2e-6 * largest))
            expect.fail(`${name}[${i}]: the reference gives ${value}, the runtime ${actual![i]}`);
        });
      }
    });

    const { gradient } = operatorDefinition(sample.op, sample.domain)!;
    const parameters = (sample.differentiate ?? [0]).map((i) => `x${i}`).filter((name) => checked.feeds.has(name));
    if (!gradient || parameters.length === 0) return;

    test("the gradient is the central difference, here and in ONNX Runtime", async () => {
      const graph = weighted(checked);
      expectGradients(graph, { inputs: checked.feeds, loss: "loss", parameters, seed: 4 });
      const differentiated = gradients(graph, { loss: "loss", parameters }).graph;
      const close = relativeToLargest(2e-5);
      // The loss is a sum that may cancel.
      const bound: Bound = (output, value) => (output === "loss" ? () => 1e-5 : close(output, value));
      await expectFaithful(differentiated, expandForTraining, checked.feeds, bound);
    });
  },
);

test("every ONNX operator has a sample", () => {
  const covered = new Set(samples.map(({ op }) => op));
  const missing = operators.filter(({ op, domain }) => domain !== "subbyte" && !covered.has(op));
  expect(missing.map(({ op }) => op)).toEqual([]);
});
