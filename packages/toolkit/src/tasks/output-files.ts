/**
 * @file Checks at the beginning that a task can write its output files, so that hours of work do not end with a path that
 * cannot be written.
 */

import { existsSync } from "node:fs";
import { UsageError } from "../errors.js";
import { checkWritable } from "../files.js";
import { type TaskDefinition, type TaskName, tasks } from "../options/index.js";

/** Options that name output files, in all tasks that read them. */
const files = ["predictions", "report", "policyTemplate"] as const;

interface Outputs {
  readonly [option: string]: unknown;
}

/**
 * @throws {MachineError} if one of them could not be written
 * @throws {UsageError} if a policy file exists already, because people edit these
 */
export async function checkOutputFiles(name: TaskName, options: Outputs): Promise<void> {
  const { own }: TaskDefinition = tasks[name];
  for (const option of [...files, ...(own.out?.placeholder === "file" ? ["out"] : [])]) {
    const path = options[option];
    if (typeof path === "string") await checkWritable(path);
  }
  const { policyTemplate } = options;
  if (typeof policyTemplate === "string" && existsSync(policyTemplate))
    throw new UsageError(
      "option-value",
      { option: "policyTemplate", value: policyTemplate, expected: "a file that does not exist" },
      `\`policyTemplate\`: ${policyTemplate} exists already, and may have been edited. Choose another name, or remove it.`,
    );
}
