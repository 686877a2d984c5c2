import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { InputError } from "../errors.js";
import type { Preprocessing } from "../program/program.js";
import { preprocess, shorterSide, toChannels } from "./preprocess.js";

interface Golden {
  readonly cases: readonly {
    readonly image: readonly [number, number, 1 | 3];
    readonly resizeTo: number;
    readonly crop: readonly [number, number];
    readonly bytes: string;
  }[];
  readonly grey: string;
}

/** Made by `make-resize.py` beside it with Pillow. */
const golden = JSON.parse(readFileSync(join(import.meta.dirname, "../../test/golden/resize.json"), "utf8")) as Golden;
const decode = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

/** The formula of `make-resize.py`. */
function pixels(height: number, width: number, channels: number): Uint8Array {
  let state = 12345n;
  const data = new Uint8Array(height * width * channels);
  let at = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        state = (state * 1103515245n + 12345n) % 2n ** 31n;
        data[at++] = (((x * (c + 3) + y * 5) % 256) + (Number(state >> 16n) % 64)) % 256;
      }
  return data;
}

const settings = (channels: 1 | 3, height: number, width: number, resizeTo?: number): Preprocessing => ({
  channels,
  height,
  width,
  ...(resizeTo === undefined ? { resize: "exact" } : { resize: "shorter-side", resizeTo }),
  mean: [],
  std: [],
});

describe("resize and crop are Pillow's, byte for byte", () => {
  for (const { image, resizeTo, crop, bytes } of golden.cases)
    test(`[${image}] to ${resizeTo}, cropped to [${crop}]`, () => {
      const [height, width, channels] = image;
      const raw = { data: pixels(height, width, channels), height, width, channels };
      expect(preprocess(raw, settings(channels, crop[0], crop[1], resizeTo))).toEqual(decode(bytes));
    });
});

test("RGB becomes grey as Pillow's convert('L'), alpha is left out, grey is repeated", () => {
  const data = pixels(16, 16, 3);
  const rgb = { data, height: 16, width: 16, channels: 3 };
  expect(toChannels(rgb, 1).data).toEqual(decode(golden.grey));
  const rgba = Uint8ClampedArray.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? i : data[(i >> 2) * 3 + (i % 4)]!));
  expect(toChannels({ ...rgb, data: rgba, channels: 4 }, 3).data).toEqual(data);
  expect([...toChannels({ data: Uint8Array.of(7, 9), height: 1, width: 2, channels: 1 }, 3).data]).toEqual([
    7, 7, 7, 9, 9, 9,
  ]);
});

test("an extreme aspect ratio costs no more than its crop", () => {
  const width = 65536;
  const image = { data: pixels(1, width, 3), height: 1, width, channels: 3 };
  expect(shorterSide(1, width, 256)).toEqual([256, 256 * width]);
  expect(preprocess(image, settings(3, 224, 224, 256)).length).toBe(224 * 224 * 3);
});

test("images that do not fit are refused", () => {
  const image = { data: new Uint8Array(12), height: 2, width: 2, channels: 3 };
  expect(() => preprocess(image, settings(3, 4, 4))).toThrow("takes images of 4 × 4 pixels, got 2 × 2");
  for (const wrong of [{ channels: 2 }, { height: 3 }, { width: 0 }, { height: 1.5 }, { data: new Uint8Array(11) }])
    expect(() => preprocess({ ...image, ...wrong }, settings(3, 2, 2))).toThrow(InputError);
  expect(preprocess(image, settings(3, 2, 2))).toEqual(new Uint8Array(12));
});
