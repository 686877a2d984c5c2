/** @file Models that are ready, getting ready or failed, in the browser and on the server. */

import { type Signal, signal } from "@preact/signals";
import type { CatalogModel } from "../catalog/types.js";
import type { DownloadState, Readiness, Runner } from "../runtime/runner.js";
import { startRunner } from "../runtime/start.js";
import { type Place, place } from "./place.js";

export type RunnerState =
  | { readonly phase: "idle" }
  | { readonly phase: "loading"; readonly download?: DownloadState }
  | { readonly phase: "ready"; readonly readiness?: Readiness }
  | { readonly phase: "failed"; readonly error: string };

interface Entry {
  readonly state: Signal<RunnerState>;
  runner?: Promise<Runner>;
  lastUse: number;
}

const entries = new Map<string, Entry>();
/** Models kept ready at a time; each has a worker and its memory. */
const mostReady = 6;

export const entryKey = (model: CatalogModel, where: Place): string => `${where}/${model.familyId}/${model.id}`;

function entryOf(model: CatalogModel, where: Place): Entry {
  const key = entryKey(model, where);
  const entry = entries.get(key) ?? { state: signal<RunnerState>({ phase: "idle" }), lastUse: 0 };
  entries.set(key, entry);
  return entry;
}

export const runnerState = (model: CatalogModel, where: Place = place.value): Signal<RunnerState> =>
  entryOf(model, where).state;

/**
 * The model, which is started when it is first asked for. If it failed, the next call starts it again.
 * @throws {Error} if it cannot be fetched or run
 */
export function runnerOf(model: CatalogModel, where: Place = place.value): Promise<Runner> {
  const entry = entryOf(model, where);
  entry.lastUse = performance.now();
  entry.runner ??= start(model, where, entry);
  return entry.runner;
}

async function start(model: CatalogModel, where: Place, entry: Entry): Promise<Runner> {
  const { state } = entry;
  state.value = { phase: "loading" };
  try {
    const onProgress = (download: DownloadState) => {
      state.value = { phase: "loading", download };
    };
    const runner = await startRunner(model, where, { onProgress });
    const { readiness } = runner;
    state.value = { phase: "ready", ...(readiness ? { readiness } : {}) };
    disposeOldest();
    return runner;
  } catch (error) {
    delete entry.runner;
    state.value = { phase: "failed", error: error instanceof Error ? error.message : String(error) };
    throw error;
  }
}

function disposeOldest(): void {
  const ready = [...entries.values()].filter(({ state, runner }) => runner && state.value.phase === "ready");
  ready.sort((a, b) => a.lastUse - b.lastUse);
  for (const entry of ready.slice(0, Math.max(0, ready.length - mostReady))) {
    void entry.runner?.then((runner) => runner.dispose());
    delete entry.runner;
    entry.state.value = { phase: "idle" };
  }
}
