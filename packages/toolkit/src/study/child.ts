/** @file The process of one run: it gets its task by a message, reports by messages, and writes the run's files. */

import { ImageCache } from "../data/cache.js";
import { InterruptedError } from "../errors.js";
import { Run } from "../tasks/run.js";
import { executeRun } from "./execute.js";
import type { ChildMessage, ChildRequest } from "./run-in-child.js";
import { StudyFolder } from "./study-folder.js";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => interruption.abort());

// The process that started this one has ended, and with it the lock on the run.
process.on("disconnect", () => process.exit(1));

const say = (message: ChildMessage): void => {
  process.send!(message);
};

process.once("message", async ({ plan, folder, index, cache, software }: ChildRequest) => {
  const run = new Run({
    signal: interruption.signal,
    emit: (event) => say({ type: "event", event }),
    cache: new ImageCache(...cache),
    ...(software === undefined ? {} : { software }),
  });
  try {
    await executeRun({ plan, folder: new StudyFolder(folder), run: plan.runs[index]! }, run);
  } catch (error) {
    const interrupted = error instanceof InterruptedError || interruption.signal.aborted;
    say({ type: "failed", message: (error as Error).message, interrupted });
  }
  process.removeAllListeners("disconnect");
  process.disconnect();
});
