/** @file Whether a device can be used, found out by computing on it. */

import { float32, GraphBuilder } from "@subbyte/graph";
import { UsageError } from "../errors.js";
import { INSTALL_COMMAND, onnxruntime } from "./onnxruntime.js";
import type { Device } from "./runtime-options.js";
import { createSession } from "./session.js";

/** What each device needs, for a message. */
const needs: Readonly<Record<Exclude<Device, "cpu">, string>> = {
  webgpu: "It needs a GPU with its driver (on Linux x64 with Vulkan: the package libvulkan1).",
  cuda:
    "It needs Linux x64, an NVIDIA GPU, CUDA 12 and cuDNN 9, and the CUDA files of onnxruntime-node, which its install script " +
    `downloads (install it anew without ONNXRUNTIME_NODE_INSTALL=skip: \`${INSTALL_COMMAND.replace(/^\S+ /, "")}\`).`,
  coreml: "It needs macOS.",
  dml: "It needs Windows.",
};

/**
 * Computes a sum on the device.
 *
 * @throws {UsageError} if that fails; the message says what the device needs
 */
export async function requireDevice(device: Device): Promise<void> {
  if (device === "cpu") return;
  const refused = (reason: string, cause?: unknown) =>
    new UsageError(
      "device-missing",
      { option: "device", value: device, reason },
      `\`device\` ${device} cannot be used on this machine: ${reason}. ${needs[device]} Without the option the CPU computes.`,
      { cause },
    );
  const { listSupportedBackends } = await onnxruntime();
  if (!listSupportedBackends().some(({ name }) => name === device))
    throw refused(`onnxruntime-node has no "${device}" on ${process.platform} ${process.arch}`);
  const g = new GraphBuilder("device");
  const x = g.input("x", "float32", [2]);
  g.setOutputs([g.op("Add", [x, x])]);
  let sum: readonly number[];
  try {
    const session = await createSession(g.build(), { device });
    const results = await session.run({ x: float32([1, 2]) });
    sum = Array.from(results[session.outputs[0]!]!.data as Float32Array);
    await session.release();
  } catch (error) {
    throw refused(reasonOf(error), error);
  }
  if (sum.join() !== "2,4") throw refused(`1 + 1 and 2 + 2 gave ${sum.join(" and ")}`);
}

/** The last sentence of ONNX Runtime's report, without positions in its source code. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const last = text.split(/was false\.|ONNX Runtime says:/).at(-1)!;
  return `ONNX Runtime says "${last.trim().replace(/\.$/, "")}"`;
}
