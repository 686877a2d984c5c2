/** @file The options that every command has. */

import type { Command } from "commander";

export interface CommonOptions {
  readonly config?: string;
  readonly json: boolean;
  /** File to which a record of the result, and of how it was made, is written. */
  readonly results?: string;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

const HEADING = "Command line:";

/** Name, kind and help of each option. */
const commonOptions = {
  config: ["--config <file>", "read options from a JSON or YAML file; the command line overrides them"],
  json: ["--json", "print the result as JSON on stdout"],
  results: ["--results <file>", "record the result with command, options, commit, seed and machine"],
  quiet: ["--quiet", "hide progress and notes, but not warnings"],
  verbose: ["--verbose", "show stack traces of errors"],
} as const satisfies Readonly<Record<keyof CommonOptions, readonly [flags: string, help: string]>>;

export function withCommonOptions(command: Command): Command {
  command.optionsGroup(HEADING);
  for (const [flags, help] of Object.values(commonOptions)) command.option(flags, help);
  return command.helpOption("-h, --help", "show this help");
}

export const isCommonOption = (name: string): name is keyof CommonOptions => Object.hasOwn(commonOptions, name);

/** Whether the option is a flag rather than a text. */
export const isCommonFlag = (name: keyof CommonOptions): boolean => !commonOptions[name][0].includes("<");

export const commonOptionsOf = ({
  json = false,
  quiet = false,
  verbose = false,
  config,
  results,
}: Partial<CommonOptions>): CommonOptions => ({
  json,
  quiet,
  verbose,
  ...(config === undefined ? {} : { config }),
  ...(results === undefined ? {} : { results }),
});

/** The common options as properties of a JSON Schema, without `config`. */
export const commonSchema = (): Readonly<Record<string, object>> =>
  Object.fromEntries(
    (Object.entries(commonOptions) as [keyof CommonOptions, readonly [string, string]][])
      .filter(([name]) => name !== "config")
      .map(([name, [, description]]) => [name, { type: isCommonFlag(name) ? "boolean" : "string", description }]),
  );
