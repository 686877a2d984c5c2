import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { hasChromium, withEngineInChromium } from "../../../engine/test/chromium.js";
import { decodeBytes } from "./decode.js";

const side = 64;
/** Saturated and mixed colours, smooth as in a photograph. */
const pixels = Buffer.from(
  Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side) / side, (i % side) / side];
    return [255 * x, 255 * y, 255 * (0.5 + 0.5 * Math.sin(9 * x + 5 * y))].map(Math.round);
  }).flat(),
);
const raw = () => sharp(pixels, { raw: { width: side, height: side, channels: 3 } });

/** The same colours, stored as Display P3 as phones write them, or as sRGB without saying so. */
const files = {
  "PNG, Display P3": raw().withIccProfile("p3", { attach: true }).png(),
  "JPEG, Display P3": raw().withIccProfile("p3", { attach: true }).jpeg({ quality: 95, chromaSubsampling: "4:4:4" }),
  "WebP, Display P3": raw().withIccProfile("p3", { attach: true }).webp({ lossless: true }),
  "PNG without a profile": raw().png(),
  "WebP without a profile": raw().webp({ lossless: true }),
};

describe.skipIf(!hasChromium)("a file's colours in a page and in Node (needs Chromium)", () => {
  test("at most two levels apart with a profile, equal without", async () => {
    await withEngineInChromium(async (page) => {
      for (const [name, file] of Object.entries(files)) {
        const encoded = await file.toBuffer();
        const inNode = await decodeBytes(encoded);
        const inPage = await page.evaluate(async (base64) => {
          const blob = await (await fetch(`data:image/x;base64,${base64}`)).blob();
          const { decodeImage } = (
            globalThis as unknown as { Subbyte: { decodeImage(file: Blob): Promise<ImageBitmap> } }
          ).Subbyte;
          const bitmap = await decodeImage(blob);
          const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
          context.drawImage(bitmap, 0, 0);
          return [...context.getImageData(0, 0, bitmap.width, bitmap.height).data];
        }, encoded.toString("base64"));
        const apart = [...inNode.data].map((value, i) => Math.abs(value - inPage[4 * Math.floor(i / 3) + (i % 3)]!));
        const stored = await sharp(encoded, { ignoreIcc: true }).raw().toBuffer();
        const converted = [...inNode.data].some((value, i) => Math.abs(value - stored[i]!) > 8);
        expect({ name, converted, mostApart: Math.max(...apart) }).toEqual({
          name,
          converted: name.includes("P3"),
          mostApart: name.includes("P3") ? expect.toSatisfy((most: number) => most <= 2) : 0,
        });
      }
    });
  });
});
