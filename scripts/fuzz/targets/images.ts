import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import { Random } from "../../../packages/engine/test/programs.js";
import { decodeImage } from "../../../packages/toolkit/src/data/decode.js";
import { damaged } from "./bytes.js";
import { outcomeOf, type Target } from "./target.js";

/** Valid files of all formats, with small and odd sizes, one to four channels, and metadata as cameras write it. */
async function honestFiles(): Promise<Uint8Array[]> {
  const files: Uint8Array[] = [];
  for (const [width, height, channels] of [
    [1, 1, 3],
    [17, 9, 3],
    [40, 30, 4],
    [8, 64, 1],
  ] as const) {
    const pixels = Buffer.from({ length: width * height * channels }, (_, i) => (i * 37) & 255);
    const image = () => sharp(pixels, { raw: { width, height, channels } }).withMetadata({ orientation: 6 });
    for (const file of [
      image().png(),
      image().png({ progressive: true, palette: true }),
      image().jpeg(),
      image().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }),
      image().webp(),
      image().webp({ lossless: true }),
      image().gif(),
      image().tiff(),
      image().tiff({ compression: "lzw", tile: true }),
      image().avif({ effort: 0 }),
    ])
      files.push(await file.toBuffer());
    for (const bits of [24, 32] as const) files.push(bmp(width, height, bits));
  }
  return files;
}

/** A BMP file with the given number of bits per pixel. */
function bmp(width: number, height: number, bits: 24 | 32): Buffer {
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const file = Buffer.alloc(54 + rowBytes * height, 0x77);
  file.write("BM");
  for (const [at, value] of [
    [2, file.length],
    [6, 0],
    [10, 54],
    [14, 40],
    [18, width],
    [22, height],
    [30, 0],
    [34, rowBytes * height],
    [38, 0],
    [42, 0],
    [46, 0],
    [50, 0],
  ] as const)
    file.writeInt32LE(value, at);
  file.writeInt16LE(1, 26);
  file.writeInt16LE(bits, 28);
  return file;
}

export default async (): Promise<Target> => {
  const files = await honestFiles();
  const drawn = (seed: number): Uint8Array => {
    const random = new Random(seed);
    return damaged(random.pick(files), random, files);
  };
  return {
    run: (seed) =>
      outcomeOf(async () => {
        const { data, width, height, channels } = await decodeImage({ encoded: drawn(seed) }, "image");
        if (data.length !== width * height * channels || width < 1 || height < 1)
          throw new Error(`${data.length} bytes for ${width} × ${height} × ${channels}`);
      }),
    save: (seed, path) => writeFile(path, drawn(seed)),
  };
};
