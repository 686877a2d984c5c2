/** @file Image files: limits that are checked before decoding, and a bound on the pixels in memory. */

import { FORMATS, imageSize } from "@subbyte/toolkit/decode";
import { Semaphore } from "async-mutex";
import type { Cancellation } from "../cancellation.js";
import type { EncodedItem } from "../compute/protocol.js";
import { UndecodableImage } from "../compute/scheduler.js";
import { ServerError, sentence } from "../errors.js";

export interface ImageLimits {
  readonly maxPixels: number;
  readonly maxDecodedBytes: number;
}

/** An image file as it was received. */
export interface EncodedImage {
  /** The name of the image in messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Memory is counted in mebibytes, because the semaphore's time grows with its count. */
const units = (bytes: number): number => Math.ceil(bytes / 2 ** 20);

export class ImageMemory {
  readonly #memory: Semaphore;

  constructor(private readonly options: ImageLimits) {
    this.#memory = new Semaphore(units(options.maxDecodedBytes));
  }

  /**
   * Calls `work` with a file as soon as there is memory for its pixels.
   * @throws {ServerError} if it is not an image or has too many pixels
   * @throws {ServerError} the reason of the cancellation, or an error of `work`
   */
  async with<T>(
    { name, bytes }: EncodedImage,
    cancellation: Cancellation,
    work: (item: EncodedItem) => Promise<T>,
  ): Promise<T> {
    const { maxPixels, maxDecodedBytes } = this.options;
    const { height, width } = await imageSize(bytes).catch((cause: Error) => {
      throw undecodable(name, cause);
    });
    const pixels = height * width;
    if (pixels > maxPixels)
      throw new ServerError("image-too-large", `${name} has ${width} × ${height} pixels, more than ${maxPixels}.`, {
        action: "Send a smaller picture.",
      });
    // Counts four channels: the three of the result, and one for what else a decoder keeps.
    const [, release] = await this.#memory.acquire(units(Math.min(4 * pixels, maxDecodedBytes)));
    try {
      cancellation.throwIfCancelled();
      return await work({ encoded: alone(bytes), pixels });
    } catch (error) {
      throw error instanceof UndecodableImage ? undecodable(name, error) : error;
    } finally {
      release();
    }
  }
}

/** Copies bytes to a buffer of their own, because a message to a thread would send the whole buffer. */
const alone = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);

const undecodable = (name: string, cause: Error): ServerError =>
  new ServerError(
    "invalid-image",
    sentence(`${name} cannot be decoded as an image: ${cause.message.replace(/[\s:.]+$/, "")}`),
    {
      action: `Send ${FORMATS} files.`,
      cause,
    },
  );
