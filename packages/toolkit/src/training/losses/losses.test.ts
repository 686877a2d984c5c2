import { expandForInference, expandForTraining, float32, GraphBuilder, gradients, type Tensor } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../errors.js";
import { createSession } from "../../runtime/session.js";
import { crossEntropyLoss, distillationLoss, type Loss, squaredErrorLoss, weightedLoss } from "./index.js";

const [batch, classes] = [2, 3];
const shape = [batch, classes];
const logits = float32([0.2, -1, 0.7, 1.5, 0, -0.5], shape);
const teacher = float32([1, 0.5, -2, 0.3, 0.1, 2], shape);
const labels: Tensor = { dtype: "int64", shape: [batch], data: BigInt64Array.of(2n, 0n) };

/** The loss and its gradient at `logits`. */
async function evaluate(loss: Loss): Promise<{ value: number; gradient: number[] }> {
  const g = new GraphBuilder("loss");
  g.input("logits", "float32", shape);
  const value = loss.append({
    g,
    output: "logits",
    shape,
    labels: () => (g.has("labels") ? "labels" : g.input("labels", "int64", [batch])),
    target: () => (g.has("target") ? "target" : g.input("target", "float32", shape)),
  });
  g.setOutputs([value]);
  const { graph, gradients: names } = gradients(g.build(), { loss: value, parameters: ["logits"] });
  const session = await createSession(expandForInference(expandForTraining(graph)), { threads: 1 });
  const all: Record<string, Tensor> = { logits, labels, target: teacher };
  const results = await session.run(Object.fromEntries(session.inputs.map((name) => [name, all[name]!])));
  await session.release();
  return { value: results[value]!.data[0] as number, gradient: [...(results[names[0]!]!.data as Float32Array)] };
}

const row = ({ data }: Tensor, n: number): number[] =>
  [...(data as Float32Array)].slice(n * classes, (n + 1) * classes);

function softmax(values: readonly number[], temperature = 1): number[] {
  const powers = values.map((value) => Math.exp(value / temperature));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** Σ p·log p, mean over images. */
const negativeEntropy = (targets: readonly (readonly number[])[]) =>
  targets.flat().reduce((sum, p) => sum + p * Math.log(p), 0) / batch;

/** −1/n Σ target·log softmax(logits/T), and its gradient. */
function expected(targets: readonly (readonly number[])[], temperature: number, factor: number) {
  let value = 0;
  const gradient: number[] = [];
  targets.forEach((target, n) => {
    const probabilities = softmax(row(logits, n), temperature);
    probabilities.forEach((p, k) => {
      value -= (factor / batch) * target[k]! * Math.log(p);
      gradient.push((factor / batch / temperature) * (p - target[k]!));
    });
  });
  return { value, gradient };
}

/** Cross-entropy less the entropy of the targets. */
function divergence(targets: readonly (readonly number[])[], temperature: number, factor: number) {
  const { value, gradient } = expected(targets, temperature, factor);
  return { value: value + factor * negativeEntropy(targets), gradient };
}

const oneHot = [2, 0].map((label) => [0, 1, 2].map((k) => (k === label ? 0.9 : 0) + 0.1 / classes));
const softened = [0, 1].map((n) => softmax(row(teacher, n), 4));

describe("value and gradient", () => {
  test.each([
    ["cross entropy with label smoothing", crossEntropyLoss({ labelSmoothing: 0.1 }), expected(oneHot, 1, 1)],
    ["distillation at temperature 4", distillationLoss(4), divergence(softened, 4, 16)],
  ])("%s", async (_, loss, { value, gradient }) => {
    const found = await evaluate(loss);
    expect(found.value).toBeCloseTo(value, 5);
    for (const [i, slope] of gradient.entries()) expect(found.gradient[i], `element ${i}`).toBeCloseTo(slope, 5);
  });

  test("squared error", async () => {
    const errors = [...(logits.data as Float32Array)].map((x, i) => x - (teacher.data[i] as number));
    const { value, gradient } = await evaluate(squaredErrorLoss);
    expect(value).toBeCloseTo(errors.reduce((sum, e) => sum + e * e, 0) / batch, 5);
    for (const [i, e] of errors.entries()) expect(gradient[i]).toBeCloseTo((2 * e) / batch, 5);
  });

  test("a weighted sum", async () => {
    const [a, b] = [crossEntropyLoss(), distillationLoss(2)];
    const [sum, first, second] = await Promise.all([
      evaluate(
        weightedLoss([
          { loss: a, weight: 0.3 },
          { loss: b, weight: 0.7 },
        ]),
      ),
      evaluate(a),
      evaluate(b),
    ]);
    expect(sum.value).toBeCloseTo(0.3 * first.value + 0.7 * second.value, 5);
    for (const [i, slope] of sum.gradient.entries())
      expect(slope).toBeCloseTo(0.3 * first.gradient[i]! + 0.7 * second.gradient[i]!, 5);
  });
});

test("a single term of weight 1 is the loss itself", () => {
  const loss = crossEntropyLoss();
  const terms = [
    { loss, weight: 1 },
    { loss: distillationLoss(4), weight: 0 },
  ];
  expect(weightedLoss(terms)).toBe(loss);
});

test("constants out of range are refused", () => {
  expect(() => crossEntropyLoss({ labelSmoothing: 1 })).toThrow(UsageError);
  expect(() => distillationLoss(0)).toThrow(/`temperature` 0: it takes a number above 0/);
  expect(() => weightedLoss([{ loss: crossEntropyLoss(), weight: 0 }])).toThrow(/at least one loss/);
  expect(() => weightedLoss([{ loss: crossEntropyLoss(), weight: -1 }])).toThrow(/at least 0, got -1/);
});
