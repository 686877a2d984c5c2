/**
 * @file Executes runs in separate processes, so that several can run at the same time and a crash of one does not affect the
 * others.
 */

import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { FailedRunError, InterruptedError, MachineError } from "../errors.js";
import type { TaskEvent } from "../tasks/events.js";
import type { Run, Software } from "../tasks/run.js";
import type { OpenedStudy } from "./open-study.js";
import type { PlannedRun, StudyPlan } from "./planned-run.js";
import { type RunRecord, readRecord } from "./record.js";

const require = createRequire(import.meta.url);

/** The request that a child process gets. */
export interface ChildRequest {
  readonly plan: StudyPlan;
  readonly folder: string;
  readonly index: number;
  readonly cache: readonly [folder: string, limitBytes: number];
  readonly software?: Software;
}

/** Messages that a child process sends. */
export type ChildMessage =
  | { readonly type: "event"; readonly event: TaskEvent }
  | { readonly type: "failed"; readonly message: string; readonly interrupted: boolean };

/** @throws {FailedRunError} or {MachineError} with the message of the run's own error, or with how its process ended */
export async function runInChild({ plan, folder }: OpenedStudy, run: PlannedRun, outer: Run): Promise<RunRecord> {
  outer.signal.throwIfAborted(); // If the signal has fired before, a listener would not be called.
  const child = fork(require.resolve("#study-child"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const stop = () => child.kill("SIGTERM");
  outer.signal.addEventListener("abort", stop);
  const { emit } = outer.nested((event) => event);
  try {
    const request: ChildRequest = {
      plan,
      folder: folder.path,
      index: run.index,
      cache: outer.cache.settings,
      ...(outer.software === undefined ? {} : { software: outer.software }),
    };
    child.send(request);
    await ended(child, run, emit!);
  } finally {
    outer.signal.removeEventListener("abort", stop);
    child.kill();
  }
  const read = await readRecord(folder.of(run).result, run);
  if (read.state === "done") return read.record;
  throw new MachineError("process-died", { reason: "no result" }, `the process of ${run.id} ended without a result`);
}

function ended(child: ChildProcess, { id }: PlannedRun, emit: (event: TaskEvent) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on("message", (message: ChildMessage) => {
      if (message.type === "event") emit(message.event);
      else if (message.interrupted) reject(new InterruptedError("interrupted", {}, message.message));
      else reject(new FailedRunError("runs-failed", { runs: [id] }, message.message));
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new MachineError(
            "process-died",
            { reason: signal ?? `status ${code}` },
            `the run's process ended with ${signal ?? `status ${code}`}` +
              (signal === "SIGKILL" ? ": probably memory ran out; give fewer `jobs`" : ""),
          ),
        );
    });
  });
}
