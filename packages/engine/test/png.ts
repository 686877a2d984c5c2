/** @file Writes PNG files: eight bits per channel, no filter, no color profile. Format: ISO/IEC 15948. */

import { crc32, deflateSync } from "node:zlib";
import type { RawImage } from "../src/index.js";

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Grey, RGB and RGBA by number of channels. */
const colourTypes: Readonly<Record<number, number>> = { 1: 0, 3: 2, 4: 6 };

export function encodePng({ data, width, height, channels }: RawImage): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = colourTypes[channels]!;
  const pitch = width * channels;
  const rows = Buffer.alloc(height * (pitch + 1));
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * pitch, (y + 1) * pitch), y * (pitch + 1) + 1);
  const chunks = [chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
