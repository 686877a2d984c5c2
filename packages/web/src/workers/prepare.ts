/** @file A worker that decodes pictures and cuts them to what a network takes, so that the page stays responsive. */

import { decodeImage, type Preprocessing, pixelsOf, preprocess, type RawImage } from "@subbyte/engine";
import { expose, transfer } from "comlink";

/** What a network is given, and what it took to make it. */
export interface Prepared {
  /** `[height, width, channels]` bytes. */
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly decodeMs: number;
  readonly resizeMs: number;
}

/**
 * Networks that take one size only were trained on pictures of that size: a photograph is cut to its central square for them.
 * The engine itself refuses, because it cannot know whether that is meant.
 */
export const fitting = (preprocessing: Preprocessing): Preprocessing =>
  preprocessing.resize === "exact"
    ? { ...preprocessing, resize: "shorter-side", resizeTo: Math.max(preprocessing.height, preprocessing.width) }
    : preprocessing;

const api = {
  async prepare(source: Blob | RawImage, preprocessing: Preprocessing): Promise<Prepared> {
    const begun = performance.now();
    const pixels = source instanceof Blob ? pixelsOf({ bitmap: await decodeImage(source), asStored: true }) : source;
    const decoded = performance.now();
    const bytes = preprocess(pixels, fitting(preprocessing));
    const { width, height, channels } = preprocessing;
    const prepared = {
      bytes,
      width,
      height,
      channels,
      decodeMs: decoded - begun,
      resizeMs: performance.now() - decoded,
    };
    return transfer(prepared, [bytes.buffer as ArrayBuffer]);
  },
};

export type PrepareApi = typeof api;

expose(api);
