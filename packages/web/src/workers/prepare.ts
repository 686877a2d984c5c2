/** @file A worker that decodes pictures and cuts them to what a network takes, so that the page stays responsive. */

import { decodeImage, type Preprocessing, pixelsOf, preprocess, type RawImage } from "@subbyte/engine";
import { expose, transfer } from "comlink";

/** The input of a network, and how long it took to prepare. */
export interface Prepared {
  /** `[height, width, channels]` bytes. */
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly decodeMs: number;
  readonly resizeMs: number;
}

const api = {
  async prepare(source: Blob | RawImage, preprocessing: Preprocessing): Promise<Prepared> {
    const begun = performance.now();
    const pixels = source instanceof Blob ? pixelsOf({ bitmap: await decodeImage(source), asStored: true }) : source;
    const decoded = performance.now();
    // If a network takes only one size, a photograph is resized to just cover it, as `subbyte classify` and the server
    // do.
    const bytes = preprocess(pixels, preprocessing, "cover");
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
