/** @file The race in a web page. `browser-race.ts` serves this file and calls it. */

import { createLiteRtSession } from "../runtime/litert-session.js";
import { createTfjsSession } from "../runtime/tfjs-session.js";
import type { ContestantSpec } from "./comparison.js";
import type { ImageForm } from "./contestants.js";
import { type OpenPeer, openWebPeer, type RaceResult, race } from "./race.js";

/** Opens the int8 model that takes bytes and normalizes them itself, which is the fastest form for a page. */
const openLiteRt: OpenPeer = async (file, { precision, threads }) => ({
  input: precision === "int8" ? "bytes" : "interleaved",
  ...(await createLiteRtSession(file, "/litert/wasm/", threads)),
});

const openTfjs: OpenPeer = async (file, { threads }) => {
  const session = await createTfjsSession(file, { core: "/tf-core", wasm: "/tf-wasm" }, threads);
  return { input: "interleaved", ...session, run: (image) => session.run(image as Float32Array) };
};

/** A race whose files and images are given by address. */
export interface PageRace {
  readonly entries: readonly { readonly spec: ContestantSpec; readonly file: string }[];
  readonly images: readonly string[];
  readonly size: number;
  readonly normalization: Omit<ImageForm, "pixels">;
  readonly turns: number;
}

/** Calls the global `onTurn` after each turn, and reads processor time from the global `cpuTime`. */
export async function raceInPage({ entries, images, turns, ...rest }: PageRace): Promise<RaceResult[]> {
  const { onTurn, cpuTime } = globalThis as unknown as {
    readonly onTurn: (done: number) => Promise<void>;
    readonly cpuTime: () => Promise<number>;
  };
  return race(
    {
      ...rest,
      entries: await Promise.all(entries.map(async ({ spec, file }) => ({ spec, file: await bytes(file) }))),
      images: await Promise.all(images.map(bytes)),
    },
    { "ort-web": openWebPeer, litert: openLiteRt, tfjs: openTfjs },
    { turns, cpuTime, onTurn: (done) => void onTurn(done) },
  );
}

const bytes = async (address: string): Promise<Uint8Array> => {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};
