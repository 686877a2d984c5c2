import { Command } from "commander";
import { expect, test } from "vitest";
import { commands } from "./commands/index.js";
import { withCommonOptions } from "./options.js";

const every = commands.map((define) => withCommonOptions(define(new AbortController().signal)));

test.each(every.map((command) => [command.name(), command] as const))(
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

test("an option means the same in every command", () => {
  const meanings = new Map<string, Set<string>>();
  for (const { options } of every)
    for (const { long, flags } of options)
      meanings.set(long!, (meanings.get(long!) ?? new Set()).add(flags.replace(/<(file|folder)>/, "<path>")));
  expect([...meanings].filter(([, flags]) => flags.size > 1)).toEqual([]);
});

test("commands are listed by name", () => {
  expect(every.every((command) => command instanceof Command)).toBe(true);
  expect(new Set(every.map((command) => command.name())).size).toBe(every.length);
});
