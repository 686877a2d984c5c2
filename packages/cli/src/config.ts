/** @file `--config FILE`: every option of a command can be set in a JSON or YAML file; the command line overrides it. */

import { UsageError } from "@subbyte/toolkit/errors";
import {
  camelCase,
  checkOption,
  isOption,
  kebabCase,
  optionNames,
  optionOf,
  type TaskName,
  valueOfText,
} from "@subbyte/toolkit/options";
import { distance } from "fastest-levenshtein";
import { isCommonFlag, isCommonOption } from "./common-options.js";

/**
 * @param tasks the tasks of the command
 * @throws {UsageError} for a file that is not a mapping, an unknown key (with the nearest option), or a value of a wrong kind
 */
export async function readConfig(
  command: string,
  tasks: readonly TaskName[],
  path: string,
): Promise<Record<string, unknown>> {
  const { readOptionsFile } = await import("@subbyte/toolkit/options/file");
  const config = readOptionsFile("config", path);
  if (typeof config !== "object" || config === null || Array.isArray(config))
    throw new UsageError(
      "invalid-config",
      { file: path, reason: "not a mapping" },
      `--config ${path}: must be a mapping of option names to values.`,
    );
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key !== "$schema")
      .map(([key, value]) => entryOf(command, tasks, path, key, value)),
  );
}

function entryOf(
  command: string,
  tasks: readonly TaskName[],
  path: string,
  key: string,
  value: unknown,
): [name: string, value: unknown] {
  const name = camelCase(key);
  if (isCommonOption(name)) {
    if ((typeof value === "boolean") !== isCommonFlag(name))
      throw new UsageError(
        "invalid-config",
        { file: path, reason: "wrong type", option: key },
        `--config ${path}: "${key}" takes ${isCommonFlag(name) ? "true or false" : "a text"}, found ${JSON.stringify(value)}.`,
      );
    return [name, value];
  }
  const task = isOption(name) ? tasks.find((each) => optionNames(each).includes(name)) : undefined;
  if (!isOption(name) || task === undefined) {
    const names = tasks.flatMap(optionNames).map(kebabCase);
    const nearest = names.reduce((best, each) => (distance(each, key) < distance(best, key) ? each : best));
    throw new UsageError(
      "invalid-config",
      { file: path, reason: "unknown option", option: key, allowed: [nearest] },
      `--config ${path}: "${key}" is no option of "${command}"; did you mean "${nearest}"?`,
    );
  }
  const given = typeof value === "string" ? valueOfText(optionOf(task, name), value) : value;
  try {
    checkOption(task, name, given);
  } catch (error) {
    throw new UsageError(
      "invalid-config",
      { file: path, reason: (error as Error).message, option: key },
      `--config ${path}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  return [name, given];
}
