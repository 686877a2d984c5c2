#!/usr/bin/env node
/** @file The `subbyte` command. Commands are the files in `commands/`; this one parses, reports errors and sets the exit status. */

import { Command, CommanderError } from "commander";
import { commands } from "./commands/index.js";
import { applyConfig } from "./config.js";
import { report } from "./exit.js";
import { version } from "./machine.js";
import { withCommonOptions } from "./options.js";

const program = new Command("subbyte")
  .description(
    "Low-bit neural networks: train or import an image classifier, quantize it to 8…2 bits, run it on integers.",
  )
  .version(version)
  .showHelpAfterError("(--help lists the options)")
  .configureHelp({ sortSubcommands: false })
  .exitOverride();

const interruption = new AbortController();
// Ctrl-C, and what schedulers send before they kill.
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => {
    // The second ends at once; the first lets a write in progress finish.
    if (interruption.signal.aborted) process.exit(130);
    process.stderr.write("\ninterrupted; finishing the step in progress (Ctrl-C again to stop at once)\n");
    interruption.abort();
  });

for (const define of commands) {
  const command = define(interruption.signal);
  withCommonOptions(command)
    .exitOverride()
    .showHelpAfterError("(--help lists the options)")
    .hook("preAction", (_, action) => {
      const { config } = action.opts<{ config?: string }>();
      if (config !== undefined) applyConfig(action, config);
    });
  program.addCommand(command);
}

const verbose = process.argv.includes("--verbose");
process.on("uncaughtException", (error) => process.exit(report(error, verbose)));
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that has gone away (`| head`) is no fault.
  process.exit(error.code === "EPIPE" ? 0 : report(error, verbose));
});

try {
  if (process.argv.length <= 2) program.help({ error: false });
  await program.parseAsync();
} catch (error) {
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : report(error, verbose);
}
