/** @file `subbyte download`: fetches a data set; the one command that uses the network. */

import { download, downloadNames } from "@subbyte/toolkit";
import { Argument, Command } from "commander";
import type { CommonOptions } from "../options.js";
import { byteSize } from "../output.js";
import { startProgress } from "../progress.js";
import { deliver } from "../results.js";

type Options = CommonOptions & { readonly out: string; readonly url?: string };

export function downloadCommand(signal: AbortSignal): Command {
  return new Command("download")
    .description("Fetches a data set with checksum, progress and resumption.")
    .addArgument(new Argument("<name>", "data set").choices(downloadNames))
    .option("--out <folder>", "where the archive goes", "data")
    .option("--url <url>", "a mirror; the checksum stays the official one")
    .addHelpText("after", "\nExample:\n  subbyte download cifar10 --out data")
    .action((name: string, options: Options) => run(name, options, signal));
}

async function run(name: string, options: Options, signal: AbortSignal): Promise<void> {
  let progress: ReturnType<typeof startProgress> | undefined;
  try {
    const path = await download(name, {
      folder: options.out,
      signal,
      ...(options.url === undefined ? {} : { url: options.url }),
      onProgress: ({ bytes, of }) => {
        progress ??= startProgress(name, of ?? 0, { quiet: options.quiet ?? false });
        progress.update(bytes, byteSize(bytes));
      },
    });
    progress?.stop();
    await deliver(options, { name, path }, `${path}: checksum right; use it as --data ${path}`);
  } finally {
    progress?.stop();
  }
}
