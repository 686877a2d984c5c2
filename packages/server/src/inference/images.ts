/** @file Image files to pixels: limits before decoding, and a bound on the decoded images in memory. */

import type { RawImage } from "@subbyte/engine";
import { decodeBytes, imageSize } from "@subbyte/toolkit/decode";
import { Semaphore } from "async-mutex";
import { ServerError, sentence } from "../errors.js";

export interface DecoderOptions {
  readonly maxPixels: number;
  readonly maxDecodedBytes: number;
}

/** An image file as it came. */
export interface EncodedImage {
  /** How messages call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface DecodedImage {
  readonly image: RawImage;
  /** Gives back its share of the memory. */
  readonly release: () => void;
  readonly milliseconds: number;
}

/** Memory is counted in whole mebibytes: the semaphore takes time in proportion to its count. */
const units = (bytes: number): number => Math.ceil(bytes / 2 ** 20);

/** Decoding runs in threads of libuv, so that it blocks nobody. */
export class ImageDecoder {
  readonly #memory: Semaphore;

  constructor(private readonly options: DecoderOptions) {
    this.#memory = new Semaphore(units(options.maxDecodedBytes));
  }

  /**
   * Decodes a file as `evaluate` does.
   * @throws {ServerError} where it is no image or has too many pixels; what `signal` was aborted with.
   */
  async decode({ name, bytes }: EncodedImage, signal: AbortSignal): Promise<DecodedImage> {
    const { maxPixels, maxDecodedBytes } = this.options;
    const begun = performance.now();
    const { height, width } = await imageSize(bytes).catch((cause: Error) => {
      throw undecodable(name, cause);
    });
    if (height * width > maxPixels)
      throw new ServerError("image-too-large", `${name} has ${width} × ${height} pixels, more than ${maxPixels}.`, {
        action: "Send a smaller picture.",
      });
    const waiting = performance.now();
    // Four channels, for what a decoder keeps beside the three of the result.
    const [, release] = await this.#memory.acquire(units(Math.min(4 * height * width, maxDecodedBytes)));
    const waited = performance.now() - waiting;
    try {
      signal.throwIfAborted();
      const image = await decodeBytes(bytes, maxPixels);
      return { image, release, milliseconds: performance.now() - begun - waited };
    } catch (error) {
      release();
      if (error === signal.reason) throw error;
      throw undecodable(name, error as Error);
    }
  }
}

const undecodable = (name: string, cause: Error): ServerError =>
  new ServerError(
    "invalid-image",
    sentence(`${name} is no image that can be decoded: ${cause.message.replace(/[\s:.]+$/, "")}`),
    {
      action: "Send JPEG, PNG, WebP, GIF, TIFF or AVIF files.",
      cause,
    },
  );
