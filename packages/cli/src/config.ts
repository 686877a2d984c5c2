/** @file `--config FILE`: every option of a command may stand in a JSON or YAML file; the command line wins. */

import { readFileSync } from "node:fs";
import { UsageError } from "@subbyte/toolkit";
import type { Command, Option } from "commander";
import { distance } from "fastest-levenshtein";
import { parse } from "yaml";

/**
 * Sets the options of `command` that the command line left open.
 * @throws {UsageError} for a file that is no mapping, a key that is no option (naming the nearest), or a value of a wrong kind
 */
export function applyConfig(command: Command, path: string): void {
  const config = readYaml("--config", path);
  if (typeof config !== "object" || config === null || Array.isArray(config))
    throw new UsageError(
      "invalid-config",
      { file: path, reason: "not a mapping" },
      `--config ${path}: must be a mapping of option names to values.`,
    );
  for (const [key, value] of Object.entries(config)) set(command, path, key, value);
}

/**
 * A file of JSON or YAML, which contains JSON.
 * @param option that names the file, for messages
 * @throws {UsageError} where it cannot be read
 */
export function readYaml(option: string, path: string): unknown {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined && "syscall" in (error as Error))
      throw Object.assign(error as Error, { path });
    const [reason = ""] = (error as Error).message.split(/:?\n/);
    throw new UsageError(
      "invalid-config",
      { file: path, reason },
      `${option} ${path}: is not JSON or YAML: ${reason}.`,
      { cause: error },
    );
  }
}

function set(command: Command, path: string, key: string, value: unknown): void {
  const option = command.options.find((item) => optionName(item) === key || item.attributeName() === key);
  if (!option) {
    const names = command.options.map(optionName);
    const nearest = names.reduce((best, name) => (distance(name, key) < distance(best, key) ? name : best));
    throw new UsageError(
      "invalid-config",
      { file: path, reason: "unknown option", option: key, allowed: [nearest] },
      `--config ${path}: "${key}" is no option of "${command.name()}"; did you mean "${nearest}"?`,
    );
  }
  const attribute = option.attributeName();
  const source = command.getOptionValueSource(attribute);
  if (source === "cli" || source === "env") return;
  if (option.isBoolean() !== (typeof value === "boolean"))
    throw new UsageError(
      "invalid-config",
      { file: path, reason: "wrong type", option: key },
      `--config ${path}: "${key}" takes ${option.isBoolean() ? "true or false" : "a value"}, found ${JSON.stringify(value)}.`,
    );
  const parsed = typeof value === "boolean" ? value : parseValue(option, path, key, value);
  command.setOptionValueWithSource(attribute, parsed, "config");
}

function parseValue(option: Option, path: string, key: string, value: unknown): unknown {
  const text = Array.isArray(value) ? value.join(",") : String(value);
  try {
    return option.parseArg ? option.parseArg(text, undefined) : text;
  } catch (error) {
    throw new UsageError(
      "invalid-config",
      { file: path, reason: (error as Error).message, option: key },
      `--config ${path}: "${key}: ${text}" is invalid: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

const optionName = (option: Option): string => (option.long ?? option.short ?? "").replace(/^-+/, "");
