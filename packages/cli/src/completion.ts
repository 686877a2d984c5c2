/** @file `subbyte complete SHELL`: prints the script with which a shell completes commands, options and their choices. */

import { Command } from "commander";

const NAME = "complete";
const shells = ["bash", "zsh", "fish", "powershell"];

/** Adds the command `complete`. The library for it is loaded only if a shell asks; otherwise the command is only listed. */
export async function addCompletion(program: Command): Promise<void> {
  if (process.argv[2] === NAME && process.argv.length > 3 && !process.argv.includes("--help")) {
    const { default: tab } = await import("@bomb.sh/tab/commander");
    tab(program);
    return;
  }
  program.addCommand(
    new Command(NAME)
      .description("Prints a script that adds completion of commands and options to a shell.")
      .argument("<shell>", shells.join(", "))
      .addHelpText("after", "\nExample:\n  subbyte complete bash >> ~/.bashrc")
      .exitOverride(),
  );
}
