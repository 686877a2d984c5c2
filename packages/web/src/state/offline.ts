/** @file Whether the page works without a network, and what it keeps for that. */

import { signal } from "@preact/signals";
import { deleteStored, type StoredModel, storedModels } from "../runtime/store.js";

export const offlineState = signal<"preparing" | "ready" | "impossible">("preparing");
export const stored = signal<readonly StoredModel[]>([]);
/** Whether the browser promised to keep what is stored. */
export const isPersistent = signal(false);

export async function prepareOffline(): Promise<void> {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) {
    offlineState.value = "impossible";
    return;
  }
  try {
    await whenIdle();
    await navigator.serviceWorker.register("./service-worker.js");
    await navigator.serviceWorker.ready;
    offlineState.value = "ready";
  } catch {
    offlineState.value = "impossible";
  }
}

/** Resolves when the page is idle, so that storing files does not delay the visitor. */
async function whenIdle(): Promise<void> {
  if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve));
  const wait = globalThis.requestIdleCallback ?? ((callback: () => void) => setTimeout(callback, 500));
  await new Promise<unknown>((resolve) => wait(resolve));
}

export async function refreshStored(): Promise<void> {
  stored.value = await storedModels();
  isPersistent.value = (await navigator.storage?.persisted?.()) ?? false;
}

export async function forget(sha256: string): Promise<void> {
  await deleteStored(sha256);
  await refreshStored();
}

export async function keepForGood(): Promise<void> {
  isPersistent.value = (await navigator.storage?.persist?.()) ?? false;
}
