/** @file Files of options: JSON or YAML, which contains JSON. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { UsageError } from "../errors.js";

/**
 * @param option that names the file, for messages
 * @throws {UsageError} if it is not JSON or YAML; what the operating system says, with the path, where it cannot be read
 */
export function readOptionsFile(option: string, path: string): unknown {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ("syscall" in (error as Error)) throw Object.assign(error as Error, { path });
    const [reason = ""] = (error as Error).message.split(/:?\n/);
    throw new UsageError(
      "invalid-config",
      { file: path, reason },
      `\`${option}\` ${path}: is not JSON or YAML: ${reason}.`,
      { cause: error },
    );
  }
}
