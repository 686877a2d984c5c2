import { expect, test } from "vitest";
import { UsageError } from "../errors.js";
import { evaluateModel } from "../tasks/index.js";
import { requireDevice } from "./device.js";

/** A device that onnxruntime-node does not have on this system. */
const foreign = process.platform === "win32" ? "coreml" : "dml";

test("the CPU is always there", async () => {
  await expect(requireDevice("cpu")).resolves.toBeUndefined();
});

test("a device that is not there is refused, with what it needs", async () => {
  const error = await requireDevice(foreign).catch((each: unknown) => each);
  expect(error).toBeInstanceOf(UsageError);
  expect(error).toMatchObject({ code: "device-missing", data: { option: "device", value: foreign } });
  expect((error as Error).message).toMatch(/It needs (macOS|Windows)\. Without the option the CPU computes\./);
});

test.each(["webgpu", "cuda"] as const)(
  "%s computes, or is refused in one sentence for what it needs",
  async (device) => {
    const error = await requireDevice(device).catch((each: unknown) => each);
    if (error === undefined) return; // This machine has it.
    expect(error).toMatchObject({ code: "device-missing" });
    expect((error as Error).message).toMatch(/cannot be used on this machine: .*It needs/);
    expect((error as Error).message).not.toMatch(/\.cc:\d/);
  },
);

test("a task looks for the device before it begins", async () => {
  await expect(evaluateModel({ model: "absent.onnx", data: "mnist", device: foreign })).rejects.toMatchObject({
    code: "device-missing",
  });
});
