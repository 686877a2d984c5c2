import { readFileSync } from "node:fs";
import { float32, GraphBuilder, type Tensor } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../errors.js";
import { createSession } from "../../runtime/session.js";
import { adamw } from "./adamw.js";
import type { Optimizer } from "./definition.js";
import { sgd } from "./sgd.js";

/** Made by the script beside it, with PyTorch 1.13. */
const golden = JSON.parse(
  readFileSync(new URL("../../../test/golden/pytorch-training.json", import.meta.url), "utf8"),
) as {
  start: number[];
  gradients: number[][];
  learningRates: number[];
  optimizers: Record<"sgd" | "momentum" | "nesterov" | "adamw", number[][]>;
};

/** Runs the optimizer's update over the golden gradients; returns the parameter after each step. */
async function path(optimizer: Optimizer, weightDecay: number): Promise<Tensor[]> {
  const g = new GraphBuilder("update");
  const shape = [golden.start.length];
  const parameter = g.input("w", "float32", shape);
  const gradient = g.input("dw", "float32", shape);
  const state = optimizer.slots.map((slot) => g.input(slot, "float32", shape));
  const scalars = optimizer.scalars.map((scalar) => g.input(scalar, "float32", []));
  const update = optimizer.update(g, { parameter, gradient, state, scalars, weightDecay });
  g.setOutputs([update.parameter, ...update.state]);
  const session = await createSession(g.build(), { threads: 1 });
  let w = float32(golden.start);
  let slots = state.map(() => float32(new Float32Array(shape[0]!)));
  const steps: Tensor[] = [];
  for (const [i, values] of golden.gradients.entries()) {
    const fed = optimizer.values(golden.learningRates[i]!, i + 1);
    const results = await session.run({
      w,
      dw: float32(values),
      ...Object.fromEntries(state.map((name, k) => [name, slots[k]!])),
      ...Object.fromEntries(scalars.map((name, k) => [name, float32([fed[k]!], [])])),
    });
    w = results[update.parameter]!;
    slots = update.state.map((name) => results[name]!);
    steps.push(w);
  }
  await session.release();
  return steps;
}

describe("five steps equal PyTorch's", () => {
  test.each([
    ["sgd", sgd({ momentum: 0 }), 0],
    ["momentum", sgd(), 0.05],
    ["nesterov", sgd({ momentum: 0.8, nesterov: true }), 0.05],
    ["adamw", adamw(), 0.1],
  ] as const)("%s", async (name, optimizer, weightDecay) => {
    const steps = await path(optimizer, weightDecay);
    for (const [step, expected] of golden.optimizers[name].entries())
      for (const [i, value] of expected.entries())
        expect((steps[step]!.data as Float32Array)[i], `step ${step}, element ${i}`).toBeCloseTo(value, 6);
  });
});

test("hyperparameters out of range are refused", () => {
  expect(() => sgd({ momentum: 1 })).toThrow(UsageError);
  expect(() => sgd({ momentum: 0, nesterov: true })).toThrow(/Nesterov's method needs a momentum/);
  expect(() => adamw({ beta2: Number.NaN })).toThrow(/`beta2` NaN: it takes a number in \[0, 1\)/);
  expect(() => adamw({ epsilon: 0 })).toThrow(/`epsilon` 0: it takes a number above 0/);
});
