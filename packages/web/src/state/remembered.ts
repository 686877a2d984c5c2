/** @file Signals that keep their value in the browser between visits. */

import { effect, type Signal, signal } from "@preact/signals";

export function remembered<T extends string>(name: string, initial: T): Signal<T> {
  const key = `subbyte.${name}`;
  const value = signal(read(key) ?? initial) as Signal<T>;
  effect(() => write(key, value.value));
  return value;
}

/** Storage is refused in some private windows; the page then forgets. */
function read(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The page works without it.
  }
}
