/**
 * @file Loads onnxruntime-node when it is first needed. The package is optional: its install script fetches from another host
 * than the npm registry, and everything that runs on the integer engine works without it.
 */

import type * as Ort from "onnxruntime-node";
import { MachineError } from "../errors.js";

export type OnnxRuntime = typeof Ort;

/** The command that installs it if only the npm registry can be reached. */
export const INSTALL_COMMAND = "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30";

let loading: Promise<OnnxRuntime> | undefined;

/** @throws {MachineError} if the package is not installed, with the line that installs it. */
export function onnxruntime(): Promise<OnnxRuntime> {
  loading ??= load();
  return loading;
}

async function load(): Promise<OnnxRuntime> {
  // From 1.30 on it records usage under the user's cache folder and sends it, unless this is set before the library is loaded.
  process.env.ORT_DISABLE_TELEMETRY = "1";
  try {
    const ort = await import("onnxruntime-node");
    ort.env.logLevel = "fatal"; // Failures come back as errors; ONNX Runtime would print them on stderr as well.
    return ort;
  } catch (error) {
    throw new MachineError(
      "package-missing",
      { package: "onnxruntime-node" },
      `onnxruntime-node, which runs float networks, cannot be loaded. Install it with "${INSTALL_COMMAND}" and run the command again.`,
      { cause: error },
    );
  }
}
