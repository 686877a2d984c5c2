/** @file The script of a thread that computes: it opens one model and runs it. */

import { workerData } from "node:worker_threads";
import { itemError } from "./item-error.js";
import type { BatchResult, Description, ItemError, ModelFile, Runner, Task } from "./protocol.js";

const file = workerData as ModelFile;

async function open(): Promise<Runner> {
  if (file.kind === "sbq") return (await import("./sbq-runner.js")).openSbq(file);
  return (await import("./onnx-runner.js")).openOnnx(file);
}

let opened: Promise<Runner> | undefined;

export default async function handle(
  task: Task,
): Promise<Description | BatchResult | { readonly error: ItemError } | undefined> {
  opened ??= open();
  if (task.type === "describe")
    return opened.then(
      ({ description }) => description,
      (error) => ({ error: itemError(error) }),
    );
  const runner = await opened;
  if (task.type === "run") return runner.run(task.items);
  await runner.release();
  return undefined;
}
