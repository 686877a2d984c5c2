/** @file Reads files of options, in JSON or YAML. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { UsageError } from "../errors.js";

/**
 * @param option the option that names the file, for messages
 * @throws {UsageError} if it is not JSON or YAML; the error of the operating system, with the path, if it cannot be read
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
      `\`${option}\` ${path} is not JSON or YAML: ${reason}.`,
      { cause: error },
    );
  }
}
