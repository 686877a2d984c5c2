import { optionNames, taskNames } from "@subbyte/toolkit/options";
import { expect, test } from "vitest";
import { commands } from "./commands/index.js";
import { commandFor } from "./program.js";

const every = commands.map((definition) => commandFor(definition, async () => {}));

test.each(every.map((command, i) => [commands[i]!.name, command] as const))(
  "%s has a description and examples",
  (name, command) => {
    let help = "";
    command.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    });
    command.outputHelp();
    expect(command.description()).toMatch(/\.$/);
    const examples = help.slice(help.indexOf("\nExample"));
    expect(examples).toMatch(new RegExp(`^ {2}subbyte ${name} ?`, "m"));
    for (const option of examples.match(/ (--[\w-]+)/g) ?? [])
      expect(command.options.map(({ long }) => ` ${long}`)).toContain(option);
  },
);

test("every task has a command, which offers all that the task reads and nothing else", () => {
  const offered = commands.flatMap(({ task, alternative }) => [task, ...(alternative ? [alternative.task] : [])]);
  expect(offered.toSorted()).toEqual(taskNames.toSorted());
  const common = ["config", "json", "results", "quiet", "verbose"];
  for (const [i, { task, alternative }] of commands.entries()) {
    const { options, registeredArguments } = every[i]!;
    const names = [
      ...options.map((option) => option.attributeName()),
      ...registeredArguments.map((each) => each.name()),
    ];
    const read = new Set([...optionNames(task), ...(alternative ? optionNames(alternative.task) : []), ...common]);
    expect(new Set(names)).toEqual(read);
  }
});

test("what everybody needs comes first in the help, in groups, with defaults", () => {
  const quantize = every.find((command) => command.name() === "quantize")!;
  const help = quantize.helpInformation();
  expect(help).toMatch(/^Images:\n +--data <source>/m);
  expect(help).toMatch(/--weights <bits> .*\(2…8, default: 8\)/);
  const at = (text: string) => help.indexOf(text);
  expect(at("--weights")).toBeLessThan(at("--split-seed"));
  expect(at("--out ")).toBeLessThan(at("--first-last-bits"));
});

test("help names other options as flags, and sizes as they are typed", () => {
  const help = (name: string) => every.find((command) => command.name() === name)!.helpInformation();
  expect(help("serve")).toMatch(/--max-body <size> .*\(default: 32MB\)/s);
  for (const command of every) expect(command.helpInformation()).not.toContain("`");
});

test("commands are listed by name", () => {
  expect(new Set(commands.map(({ name }) => name)).size).toBe(every.length);
});
