/** @file The options of methods that learn. */

import * as v from "valibot";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { readOptionsFile } from "../options/file.js";
import { reconstructionSettings, type TaskOptions } from "../options/index.js";
import type { ReconstructionOptions } from "../quantization/reconstruction/index.js";

type LearningOptions = Pick<TaskOptions<"quantize">, "mirror" | "iterations" | "endToEnd" | "reconstruction">;

/** @throws {UsageError} that names the file of settings */
export function reconstructionOf(options: LearningOptions): Partial<ReconstructionOptions> {
  const { mirror, iterations, endToEnd, reconstruction = {} } = options;
  const settings = typeof reconstruction === "string" ? readSettings(reconstruction) : reconstruction;
  return { ...settings, mirror, ...defined({ iterations, endToEnd }) };
}

function readSettings(path: string): v.InferOutput<typeof reconstructionSettings> {
  const result = v.safeParse(reconstructionSettings, readOptionsFile("reconstruction", path) ?? {});
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue);
  throw new UsageError(
    "invalid-config",
    { file: path, reason: issue.message, ...defined({ option: where ?? undefined }) },
    `\`reconstruction\` ${path}: ${where === null ? "" : `"${where}": `}${issue.message}. The settings are ${Object.keys(reconstructionSettings.entries).join(", ")}.`,
  );
}
