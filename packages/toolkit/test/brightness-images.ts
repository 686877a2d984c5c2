/** @file Photographs for the network of `src/testing/brightness.ts`. */

import { join } from "node:path";
import sharp from "sharp";
import { Random } from "../src/random.js";
import { brightness } from "../src/testing/brightness.js";
import { writeTree } from "./images.js";

export interface Photos {
  /** Images of each class in train and in test. */
  readonly count?: number;
  /** Folder of each class; its name by default. */
  readonly folder?: (name: string) => string;
  readonly side?: number;
  /** Number of images per class that show the next class instead, so that nothing can be learned from them. */
  readonly mixed?: boolean;
}

/** A red of the class's brightness with noise, green in the middle, blue nearly full: `train` and `test` with class folders. */
export async function brightnessPhotos(
  root: string,
  { count = 12, folder = (name) => name, side = 8, mixed = false }: Photos = {},
): Promise<string> {
  const random = new Random(7);
  const files: Record<string, Uint8Array> = {};
  for (const split of ["train", "test"])
    for (const [k, name] of Object.keys(brightness).entries())
      for (let i = 0; i < count; i++) {
        const level = Object.values(brightness)[mixed ? i % 4 : k]!;
        const data = Buffer.from(
          Array.from({ length: side * side }, () =>
            [level * 255 + random.normal() * 8, 128, 245].map(Math.round),
          ).flat(),
        );
        const image = sharp(data, { raw: { height: side, width: side, channels: 3 } });
        files[join(split, folder(name), `${i}.png`)] = await image.png().toBuffer();
      }
  return writeTree(root, files);
}
