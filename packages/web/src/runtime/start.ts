/** @file Starts a model in the browser or on the server. The engine and other runtimes are fetched at first use. */

import type { CatalogModel } from "../catalog/types.js";
import type { DownloadState, Runner } from "./runner.js";

export interface StartOptions {
  readonly onProgress: (state: DownloadState) => void;
  /** Threads for one picture; by default as many as are useful here. */
  readonly threads?: number;
  /** Fetches the file from the network although the browser keeps it. */
  readonly again?: boolean;
  readonly signal?: AbortSignal;
}

const starters = {
  sbq: async () => (await import("./browser-runner.js")).startBrowserRunner,
  onnx: async () => (await import("./float-runner.js")).startFloatRunner,
  tflite: async () => (await import("./litert-runner.js")).startLiteRtRunner,
} as const;

/** @throws {Error} if the file cannot be fetched or run, or there is no server */
export async function startRunner(
  model: CatalogModel,
  where: "browser" | "server",
  options: StartOptions,
): Promise<Runner> {
  if (where === "server") return (await import("./server-runner.js")).serverRunner(model);
  const start = await starters[model.format]();
  return start(model, options);
}
