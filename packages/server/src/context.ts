/** @file The objects that all protocols of a server share. */

import { readFileSync } from "node:fs";
import type { Scheduler } from "./compute/scheduler.js";
import type { Inference } from "./inference/inference.js";
import type { Metrics } from "./metrics.js";
import type { Repository } from "./models/repository.js";
import type { Settings } from "./options.js";

export interface ServerContext {
  readonly settings: Settings;
  readonly repository: Repository;
  readonly scheduler: Scheduler;
  readonly inference: Inference;
  readonly metrics: Metrics;
  /** Whether the server is stopping: it answers the requests that it has, and reports that it is not ready. */
  draining: boolean;
}

export const isReady = ({ repository, draining }: ServerContext): boolean => repository.isReady && !draining;

export const SERVER_NAME = "subbyte";
/** Version of this package. */
export const SERVER_VERSION: string = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
).version;
export const EXTENSIONS = ["binary_tensor_data", "classification", "model_repository", "statistics"] as const;
