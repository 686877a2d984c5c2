/** @file Adds the commands to commander, which parses the command line, and runs the task of the command. */

import { UsageError } from "@subbyte/toolkit/errors";
import { camelCase, isOption, parseOptions, readersOf, type TaskName, tasks } from "@subbyte/toolkit/options";
import { Command } from "commander";
import type { CommandDefinition } from "./command.js";
import { type CommonOptions, commonOptionsOf, isCommonOption, withCommonOptions } from "./common-options.js";
import { readConfig } from "./config.js";
import { givenOptions, withTaskOptions } from "./options.js";

/** Runs a command with the given options; the checked options are for the record. */
export type Execute = (
  command: CommandDefinition,
  given: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>>,
  common: CommonOptions,
) => Promise<void>;

/** Adds commands to the program. A command of several words goes into a group that has the first word as its name. */
export function addCommands(
  program: Command,
  definitions: readonly CommandDefinition[],
  groups: Readonly<Record<string, string>>,
  execute: Execute,
): void {
  const parents = new Map<string, Command>();
  for (const definition of definitions) {
    const [first = "", ...rest] = definition.name.split(" ");
    if (rest.length > 0 && !parents.has(first)) {
      const parent = new Command(first).description(groups[first]!).configureHelp({ sortSubcommands: false });
      parents.set(first, parent.showHelpAfterError(`(subbyte ${first} --help lists its commands)`).exitOverride());
      program.addCommand(parent);
    }
    (rest.length > 0 ? parents.get(first)! : program).addCommand(commandFor(definition, execute));
  }
}

export function commandFor(definition: CommandDefinition, execute: Execute): Command {
  const { name, task, alternative, examples } = definition;
  const both: readonly [TaskName, ...TaskName[]] = alternative === undefined ? [task] : [task, alternative.task];
  const command = new Command(name.split(" ").at(-1))
    .description(tasks[task].description)
    .addHelpText(
      "after",
      `\n${examples.length === 1 ? "Example" : "Examples"}:\n${examples.map((line) => `  subbyte ${line}`).join("\n")}`,
    )
    .showHelpAfterError(`(subbyte ${name} --help lists the options)`)
    .configureOutput({ outputError: (text, write) => write(withReaders(name, text)) })
    .exitOverride();
  withCommonOptions(withTaskOptions(command, both));
  return command.action(async () => {
    const typed = givenOptions(command, task);
    const config = typeof typed.config === "string" ? await readConfig(name, both, typed.config) : {};
    const given = { ...config, ...typed };
    const chosen = alternative !== undefined && given[alternative.when] !== undefined ? alternative.task : task;
    const input = Object.fromEntries(Object.entries(given).filter(([key]) => !isCommonOption(key)));
    if (alternative !== undefined && chosen === task) requireAlone(definition, input);
    const options = parseOptions(chosen, input);
    await execute(definition, input, options, commonOptionsOf(given));
  });
}

/** @throws {UsageError} for an option that only the alternative task reads */
function requireAlone({ name, task, alternative }: CommandDefinition, given: Readonly<Record<string, unknown>>): void {
  const foreign = Object.keys(given).find((key) => isOption(key) && !readersOf(key).includes(task));
  if (foreign !== undefined)
    throw new UsageError(
      "option-unread",
      { option: foreign, task, allowed: [alternative!.task] },
      `${name} reads \`${foreign}\` only together with \`${alternative!.when}\`.`,
    );
}

/** Commander's message about an unknown option, with the commands that have it. */
function withReaders(command: string, text: string): string {
  const [, flag] = /unknown option '--([\w-]+)'/.exec(text) ?? [];
  const name = flag === undefined ? "" : camelCase(flag);
  if (!isOption(name)) return text;
  return `error: ${command} does not read --${flag}, which belongs to ${readersOf(name).join(", ")}\n`;
}
