/** @file Resizes and crops pictures for a network, in one worker for the whole page. */

import type { Preprocessing, RawImage } from "@subbyte/engine";
import type { Remote } from "comlink";
import type { PrepareApi, Prepared } from "../workers/prepare.js";

let worker: Promise<Remote<PrepareApi>> | undefined;

async function start(): Promise<Remote<PrepareApi>> {
  const { wrap } = await import("comlink");
  return wrap<PrepareApi>(new Worker(new URL("../workers/prepare.js", import.meta.url), { type: "module" }));
}

export async function prepare(source: Blob | RawImage, preprocessing: Preprocessing): Promise<Prepared> {
  worker ??= start();
  return (await worker).prepare(source, preprocessing);
}

/** The input of a network as RGBA pixels, to be displayed. */
export function asImageData({ bytes, width, height, channels }: Prepared): ImageData {
  const image = new ImageData(width, height);
  for (let p = 0; p < width * height; p++)
    for (let c = 0; c < 4; c++) image.data[4 * p + c] = c === 3 ? 255 : bytes[channels * p + (channels === 3 ? c : 0)]!;
  return image;
}
