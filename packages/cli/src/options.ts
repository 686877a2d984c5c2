/**
 * @file Turns the schema of options into commander's arguments and flags, in groups with defaults, and turns parsed flags into
 * a task's input.
 */

import {
  kebabCase,
  type OptionDefinition,
  type OptionName,
  optionGroups,
  optionNames,
  optionOf,
  type TaskDefinition,
  type TaskName,
  tasks,
  valueOfText,
} from "@subbyte/toolkit/options";
import { Argument, type Command, Option } from "commander";
import { withFlags } from "./flags.js";

/** Adds the arguments and options of tasks: common ones first, then the advanced ones, each in their groups. */
export function withTaskOptions(command: Command, taskNames: readonly [TaskName, ...TaskName[]]): Command {
  const [first] = taskNames;
  const { needs } = tasks[first] as TaskDefinition;
  const byPlace = argumentNames(first);
  for (const name of byPlace) command.addArgument(argumentOf(name, optionOf(first, name), needs.includes(name)));
  const all = new Map(taskNames.flatMap((task) => optionNames(task).map((name) => [name, task] as const)).toReversed());
  const rest = [...all].toReversed().filter(([name]) => !byPlace.includes(name));
  for (const advanced of [false, true])
    for (const group of optionGroups)
      for (const [name, task] of rest) {
        const definition = optionOf(task, name);
        if (definition.group !== group || (definition.advanced ?? false) !== advanced) continue;
        command.addOption(optionFor(name, definition).helpGroup(advanced ? `${group}, more:` : `${group}:`));
      }
  return command;
}

/** Options that are positional arguments. */
function argumentNames(task: TaskName): readonly OptionName[] {
  const { needs, arguments: count, optional } = tasks[task] as TaskDefinition;
  return [...needs.slice(0, count), ...(optional === undefined ? [] : [optional])];
}

/** The positional argument for an option. If the option is a list, it takes all remaining arguments. */
function argumentOf(name: OptionName, { kind, help, choices }: OptionDefinition, needed: boolean): Argument {
  const inside = kind === "texts" ? `${name}...` : name;
  const argument = new Argument(needed ? `<${inside}>` : `[${inside}]`, help);
  if (choices !== undefined) argument.argChoices = [...choices];
  return argument;
}

function optionFor(name: OptionName, definition: OptionDefinition): Option {
  const { kind, placeholder = "value", choices } = definition;
  const long = `--${negated(definition) ? "no-" : ""}${kebabCase(name)}`;
  const option = new Option(kind === "flag" ? long : `${long} <${placeholder}>`, helpOf(definition));
  // The choices are for completion in shells. The schema checks values, whether they come from here or from a file.
  if (choices !== undefined) option.argChoices = [...choices];
  return option.argParser((text: string) => valueOfText(definition, text));
}

/** Whether an option is a flag that is on by default, so that the command line turns it off. */
const negated = ({ kind, default: value }: OptionDefinition): boolean => kind === "flag" && value === true;

function helpOf(definition: OptionDefinition & { readonly min?: number; readonly max?: number }): string {
  const { min, max, default: value, unit, kind, example, choices } = definition;
  const help = withFlags(definition.help);
  if (negated(definition)) return `do not ${help}`;
  const facts = [
    ...(min !== undefined && max !== undefined ? [`${min}…${max}`] : []),
    ...(value !== undefined && kind !== "flag"
      ? [`default: ${typeof value === "number" && unit === "bytes" ? `${value / 1e6}MB` : value}`]
      : example === undefined || choices !== undefined
        ? []
        : [`example: ${example}`]),
  ];
  return facts.length === 0 ? help : `${help} (${facts.join(", ")})`;
}

/** The values from the command line, by option name. */
export function givenOptions(command: Command, task: TaskName): Record<string, unknown> {
  const byPlace = argumentNames(task)
    .map((name, i): [string, unknown] => [name, command.processedArgs[i]])
    .filter(([, value]) => value !== undefined);
  const flags = Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === "cli");
  return Object.fromEntries([...byPlace, ...flags]);
}
