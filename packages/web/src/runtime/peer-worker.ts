/** @file Runs another runtime in a worker, which ends together with its runner. */

import { type Remote, wrap } from "comlink";
import type { Runner } from "./runner.js";

/**
 * @param name of the runtime, for the error if its worker does not start
 * @param start loads the model; a promise that it passes to `started` is rejected if the worker fails
 * @throws {Error} if the worker does not start, and the errors of `start`
 */
export async function runnerIn<Api>(
  worker: Worker,
  name: string,
  start: (
    remote: Remote<Api>,
    started: <Value>(answer: Promise<Value>) => Promise<Value>,
  ) => Promise<Omit<Runner, "dispose">>,
): Promise<Runner> {
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener("error", () => reject(new Error(`${name} did not start; reload the page`)));
  });
  try {
    const runner = await start(wrap<Api>(worker), (answer) => Promise.race([answer, failed]));
    return { ...runner, dispose: () => worker.terminate() };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
