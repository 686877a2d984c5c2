#!/usr/bin/env node
/** @file The `subbyte` command. Commands are the files in `commands/`; this one parses, reports errors and sets the exit status. */

import { Command } from "commander";
import { commandGroups, commands } from "./commands/index.js";
import { addCompletion } from "./completion.js";
import { report } from "./exit.js";
import { addCommands, type Execute } from "./program.js";
import { software, version } from "./provenance.js";
import { schemaCommand } from "./schema-command.js";

const interruption = new AbortController();
// Ctrl-C, and the signal that schedulers send before they kill a process.
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => {
    // The second signal ends the process at once; the first lets a write in progress finish.
    if (interruption.signal.aborted) process.exit(130);
    process.stderr.write("\nstopping; what is in progress is finished first (Ctrl-C again stops at once)\n");
    interruption.abort();
  });

const reporting = {
  verbose: process.argv.includes("--verbose"),
  json: process.argv.includes("--json"),
  wrap: (text: string) => text,
};

const execute: Execute = async (command, given, options, common) => {
  const [{ checkWritable, ImageCache }, { eventPrinter }, { deliver }, { wrapped }] = await Promise.all([
    import("@subbyte/toolkit/tasks"),
    import("./progress.js"),
    import("./results.js"),
    import("./wrap.js"),
  ]);
  if (common.results !== undefined) await checkWritable(common.results);
  if (process.stderr.isTTY) reporting.wrap = (text) => wrapped(text, process.stderr.columns, "  ");
  const printer = eventPrinter(process.stderr, common.quiet, !process.env.NO_COLOR);
  try {
    await command.run(given as never, {
      context: {
        signal: interruption.signal,
        emit: printer.emit,
        cache: ImageCache.fromEnvironment(process.env),
        // `software` runs git, which takes longer than some commands.
        ...(command.task === "study run" ? { software: software() } : {}),
      },
      deliver: (result, text) => {
        printer.stop();
        return deliver(common, options, result, text);
      },
    });
  } finally {
    printer.stop();
  }
};

const program = new Command("subbyte")
  .description(
    "Low-bit neural networks: train or import an image classifier, quantize it to 8…2 bits, and run it on integers.",
  )
  .version(version)
  .showHelpAfterError("(--help lists the commands)")
  .configureHelp({ sortSubcommands: false })
  .exitOverride();
addCommands(program, commands, commandGroups, execute);
program.addCommand(schemaCommand(commands));
await addCompletion(program);

process.on("uncaughtException", (error) => process.exit(report(error, reporting)));
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // It is not an error if the reader of the output has ended (`| head`).
  process.exit(error.code === "EPIPE" ? 0 : report(error, reporting));
});

try {
  if (process.argv.length <= 2) program.help({ error: false });
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error, reporting);
}
