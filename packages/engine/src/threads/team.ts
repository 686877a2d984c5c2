/** @file Threads that run a program together in one memory: a leader, which gets the calls, and helpers. */

import type { WasmMemory } from "../host-types.js";
import type { Call, Schedule } from "../kernels/splitting/schedule.js";
import { instantiate, type Kernel, type KernelModules } from "../wasm/modules.js";
import { Barrier } from "./barrier.js";

/** The message that gives a helper its work; it can be sent with `postMessage`. */
export interface Assignment {
  readonly memory: WasmMemory;
  readonly modules: KernelModules;
  readonly threads: number;
  /** Address of the barrier's words. */
  readonly barrier: number;
  readonly schedule: Schedule;
}

/** A thread that can become a helper. */
export interface Recruit {
  /** Resolves when the thread is about to wait for the first run. */
  join(assignment: Assignment): Promise<void>;
}

/** A call with its kernel function. */
export interface BoundCall extends Call {
  readonly run: Kernel;
}

export const bind = (schedule: Schedule, kernels: Readonly<Partial<Record<string, Kernel>>>): BoundCall[][] =>
  schedule.map((phase) => phase.map((call) => ({ ...call, run: kernels[call.kernel]! })));

/** Whether threads can share memory here: everywhere but in pages that are not cross-origin isolated. */
export const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer === "function" && (globalThis.crossOriginIsolated ?? true);

/** Prepares to help. The returned function works until the thread is ended from outside. */
export async function prepareHelp({ memory, modules, threads, barrier, schedule }: Assignment): Promise<() => never> {
  const meeting = new Barrier(memory, barrier, threads);
  const phases = bind(schedule, await instantiate(modules, memory));
  return () => {
    for (;;) {
      meeting.wait("for ever");
      for (const phase of phases) {
        for (const { run, task } of phase) run(task);
        meeting.wait("phase");
      }
    }
  };
}
