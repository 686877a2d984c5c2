/**
 * Trains a small network at 4 bits on the CPU and on another device, and compares the losses of each epoch. If there is no such
 * device, it says why, and checks nothing.
 *
 *   npm run check:device [-- webgpu|cuda|coreml|dml]     all of them by default
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trainModel, trainQuantizedModel } from "@subbyte/toolkit/tasks";

/** Devices add in different orders, so a weight near the border between two codes may get the other code. */
const TOLERANCE = 0.02;
const wanted = process.argv.length > 2 ? process.argv.slice(2) : ["webgpu", "cuda", "coreml", "dml"];
const folder = await mkdtemp(join(tmpdir(), "subbyte-device-"));
const common = { data: "mnist", limit: 512, batch: 32, seed: 0 };

async function losses(model, device) {
  const begun = performance.now();
  const out = await mkdtemp(join(folder, `${device}-`));
  const options = { ...common, model, device, out, weights: 4, activations: 4, epochs: 2, calibrationImages: 64 };
  const { stages } = await trainQuantizedModel(options);
  const found = stages[0].history.map(({ trainLoss }) => trainLoss);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${device}: losses ${found.map((loss) => loss.toPrecision(5)).join(", ")} in ${seconds} s`);
  return found;
}

try {
  const { weights } = await trainModel({ ...common, arch: "resnet8", epochs: 2, out: join(folder, "float") });
  let expected;
  for (const device of wanted) {
    let found;
    try {
      found = await losses(weights, device);
    } catch (error) {
      if (error.code !== "device-missing") throw error;
      console.log(error.message);
      continue;
    }
    expected ??= await losses(weights, "cpu");
    const worst = Math.max(...found.map((loss, i) => Math.abs(loss / expected[i] - 1)));
    const isClose = worst <= TOLERANCE;
    console.log(`${device}: losses differ by up to ${(100 * worst).toFixed(2)} %${isClose ? "" : ", too much"}`);
    if (!isClose) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
