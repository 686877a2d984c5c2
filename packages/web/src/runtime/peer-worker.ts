/** @file A runtime of others in a worker of its own, which ends with its runner. */

import { type Remote, wrap } from "comlink";
import type { Runner } from "./runner.js";

/**
 * @param name of the runtime, for the message where its worker does not start
 * @param start loads the model; what it awaits through `started` fails where the worker does
 * @throws {Error} if the worker does not start; as `start` does
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
