/** @file `subbyte schema`: the options of a command as JSON Schema, by which editors complete and check configuration files. */

import type { TaskName } from "@subbyte/toolkit/options";
import { Argument, Command } from "commander";
import type { CommandDefinition } from "./command.js";
import { commonSchema } from "./common-options.js";
import { print, toJson } from "./output.js";

export function schemaCommand(commands: readonly CommandDefinition[]): Command {
  const names = commands.map(({ name }) => name);
  return new Command("schema")
    .description("Prints a JSON Schema of the options of a command. Editors use it to complete configuration files.")
    .addArgument(new Argument("<command>", "whose options").choices(names))
    .addHelpText(
      "after",
      '\nExample:\n  subbyte schema quantize > quantize.schema.json   # then "$schema": "./quantize.schema.json" in the file',
    )
    .exitOverride()
    .action(async (name: string) => {
      const { task, alternative } = commands.find((command) => command.name === name)!;
      print(toJson(await configSchema([task, ...(alternative ? [alternative.task] : [])])));
    });
}

/** The schema of a configuration file. It requires no option, because the command line may give any of them. */
async function configSchema(tasks: readonly TaskName[]) {
  const { optionsSchema } = await import("@subbyte/toolkit/options/json-schema");
  const schemas = tasks.map((task) => optionsSchema(task, { partial: true }));
  const properties = Object.assign({}, ...schemas.toReversed().map((schema) => schema.properties));
  return { ...schemas[0]!, properties: { $schema: { type: "string" }, ...properties, ...commonSchema() } };
}
