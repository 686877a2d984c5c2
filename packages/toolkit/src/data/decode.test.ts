import { createHash } from "node:crypto";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { pixelsOf } from "../../test/images.js";
import { DataError } from "../errors.js";
import { decodeBytes, decodeImage, fitImage, imageSize } from "./decode.js";

const raw = (height: number, width: number) =>
  sharp(pixelsOf(3, height, width), { raw: { height, width, channels: 3 } });
const decode = (encoded: Uint8Array) => decodeImage({ encoded }, "the image");

describe("decodeImage", () => {
  test.each(["png", "webp", "tiff", "gif"] as const)("%s keeps the bytes that it can keep", async (format) => {
    const lossless = { png: {}, webp: { lossless: true }, tiff: { compression: "lzw" }, gif: { dither: 0 } }[format];
    const image = await decode(await raw(6, 5).toFormat(format, lossless).toBuffer());
    expect(image).toMatchObject({ height: 6, width: 5, channels: 3 });
    if (format !== "gif") expect(pixelsOf(3, 6, 5).equals(Uint8Array.from(image.data))).toBe(true);
  });

  test("EXIF orientation is applied", async () => {
    const image = await decode(await raw(2, 3).withMetadata({ orientation: 6 }).png().toBuffer());
    expect(image).toMatchObject({ height: 3, width: 2 });
    const original = pixelsOf(3, 2, 3);
    expect([...image.data.subarray(0, 3)]).toEqual([...original.subarray(9, 12)]); // lower left comes to the upper left
  });

  test("CMYK, grey, palette, 16 bits and transparency come as RGB bytes", async () => {
    const flat = (r: number, g: number, b: number) =>
      sharp({ create: { width: 8, height: 8, channels: 3, background: { r, g, b } } });
    const cmyk = await decode(await flat(200, 30, 30).toColourspace("cmyk").jpeg().toBuffer());
    expect(cmyk).toMatchObject({ channels: 3 });
    expect(cmyk.data[0]).toBeGreaterThan(150);
    expect(cmyk.data[1]).toBeLessThan(90);
    const grey = await decode(await flat(77, 77, 77).toColourspace("b-w").png().toBuffer());
    expect([...grey.data.subarray(0, 3)]).toEqual([77, 77, 77]);
    const deep = await decode(await flat(200, 30, 90).toColourspace("rgb16").png().toBuffer());
    expect([...deep.data.subarray(0, 3)]).toEqual([200, 30, 90]);
    const palette = await decode(await flat(9, 8, 7).png({ palette: true }).toBuffer());
    expect([...palette.data.subarray(0, 3)]).toEqual([9, 8, 7]);
    const seeThrough = await decode(await flat(5, 6, 7).ensureAlpha(0.5).png().toBuffer());
    expect([...seeThrough.data.subarray(0, 3)]).toEqual([5, 6, 7]);
    expect(seeThrough.channels).toBe(3);
  });

  test.each(["jpeg", "png", "webp"] as const)("a truncated %s is an error that names the image", async (format) => {
    const encoded = await raw(64, 64).toFormat(format).toBuffer();
    const failure = decode(encoded.subarray(0, Math.floor(encoded.length * 0.6)));
    await expect(failure).rejects.toThrow(DataError);
    await expect(failure).rejects.toThrow(/^the image cannot be decoded \(.+\)\. Replace or remove it/);
  });

  test("so are junk and nothing", async () => {
    await expect(decode(Buffer.from("no picture"))).rejects.toThrow(/not a JPEG, PNG/);
    await expect(decode(new Uint8Array(0))).rejects.toThrow(/the file is empty/);
  });
});

describe("fitImage", () => {
  const image = { data: pixelsOf(7, 37, 53), height: 37, width: 53, channels: 3 };

  test("resizes the shorter side and crops the centre as torchvision does with Pillow", () => {
    const target = { channels: 3, height: 16, width: 16, resize: "shorter-side", resizeTo: 20 } as const;
    // Pillow 12.3: resize((28, 20), BILINEAR), then crop((6, 2, 22, 18)).
    expect(md5(fitImage(image, target, "it"))).toBe("907f7561ad749edfb605c16b9c184071");
    // The same after convert("L").
    expect(md5(fitImage(image, { ...target, channels: 1 }, "it"))).toBe("d6b0a9824445a39505948edbb1738670");
  });

  test("an exact size is kept, another refused", () => {
    const target = { channels: 3, height: 37, width: 53, resize: "exact", resizeTo: 0 } as const;
    expect(image.data.equals(fitImage(image, target, "it"))).toBe(true);
    expect(() => fitImage(image, { ...target, width: 50 }, "it")).toThrow(
      /^it is 53×37 pixels where 50×37 is expected/,
    );
  });
});

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

describe("decodeBytes and imageSize", () => {
  test("the size is read without decoding, and more pixels than allowed are refused", async () => {
    const encoded = await raw(20, 30).png().toBuffer();
    expect(await imageSize(encoded)).toEqual({ height: 20, width: 30 });
    await expect(decodeBytes(encoded, 599)).rejects.toThrow(/exceeds pixel limit/);
    expect(await decodeBytes(encoded, 600)).toMatchObject({ height: 20, width: 30, channels: 3 });
  });

  test.each([
    ["png", {}],
    ["jpeg", {}],
    ["jpeg", { progressive: true, optimiseScans: true }],
    ["jpeg", { mozjpeg: true }],
    ["webp", {}],
    ["tiff", {}],
    ["gif", {}],
  ] as const)("the size of %s %o is the decoder's, with metadata in front of it too", async (format, options) => {
    for (const image of [
      raw(20, 30),
      raw(20, 30)
        .withMetadata({ orientation: 6, density: 300 })
        .withExif({ IFD0: { Copyright: "x".repeat(3000) } }),
    ]) {
      const encoded = await image.toFormat(format, options).toBuffer();
      const { height, width } = await sharp(encoded).metadata();
      expect(await imageSize(encoded)).toEqual({ height, width });
    }
  });

  test("a header that is not in order is left to the decoder, which refuses it", async () => {
    const jpeg = await raw(20, 30).jpeg().toBuffer();
    for (const length of [2, 3, 4, 20, 100]) await expect(imageSize(jpeg.subarray(0, length))).rejects.toThrow();
    // The first segment says that it is shorter than its own length.
    const looped = Buffer.from(jpeg);
    looped.writeUInt16BE(0, 4);
    await expect(imageSize(looped)).rejects.toThrow();
  });

  test("SVG is no picture, whatever its file is called", async () => {
    const svg = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
    );
    await expect(imageSize(svg)).rejects.toThrow(/not a JPEG, PNG/);
    await expect(decode(svg)).rejects.toThrow(/not a JPEG, PNG/);
  });
});
