/** @file The race in a web page. `browser-race.ts` serves this file and calls it. */

import type { ContestantSpec } from "./comparison.js";
import type { ImageForm } from "./contestants.js";
import { openWebPeer, type RaceResult, race } from "./race.js";

/** A race whose files and images are addresses. */
export interface PageRace {
  readonly entries: readonly { readonly spec: ContestantSpec; readonly file: string }[];
  readonly images: readonly string[];
  readonly size: number;
  readonly normalization: Omit<ImageForm, "pixels">;
  readonly turns: number;
}

/** Calls the global `onTurn` after each turn. */
export async function raceInPage({ entries, images, turns, ...rest }: PageRace): Promise<RaceResult[]> {
  const { onTurn } = globalThis as unknown as { readonly onTurn: (done: number) => Promise<void> };
  return race(
    {
      ...rest,
      entries: await Promise.all(entries.map(async ({ spec, file }) => ({ spec, file: await bytes(file) }))),
      images: await Promise.all(images.map(bytes)),
    },
    { "ort-web": openWebPeer },
    { turns, onTurn: (done) => void onTurn(done) },
  );
}

const bytes = async (address: string): Promise<Uint8Array> => {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};
