/** @file Finds out from the first bytes of an image file whether it has a colour profile. */

/**
 * Number of bytes that are read. A profile comes before the pixels; in JPEG, EXIF and XMP of up to 64 KiB each can
 * precede it.
 */
const HEAD_BYTES = 2 ** 18;

/**
 * Whether a JPEG, PNG, WebP or AVIF file has an ICC profile. Other color information, such as PNG's gamma chunk, does not
 * count, because decoders outside browsers ignore it.
 */
export async function hasColourProfile(file: Blob): Promise<boolean> {
  const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const text = (from: number, length: number) => String.fromCharCode(...bytes.subarray(from, from + length));
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpegHasProfile(bytes, text);
  if (text(1, 3) === "PNG") return pngHasProfile(bytes, text);
  // The flags of WebP's extended header: Google, "WebP Container Specification".
  if (text(0, 4) === "RIFF" && text(8, 8) === "WEBPVP8X") return (bytes[20]! & 0x20) !== 0;
  // The colour box of HEIF: ISO/IEC 14496-12, 12.1.5.
  if (text(4, 4) === "ftyp") return /colr(prof|rICC)/.test(text(0, 4096));
  return false;
}

type Text = (from: number, length: number) => string;

/** Reads the segments before the first scan; a profile is an APP2 segment with that name (ICC.1, annex B.4). */
function jpegHasProfile(bytes: Uint8Array, text: Text): boolean {
  for (let at = 2; at + 16 < bytes.length && bytes[at] === 0xff; at += 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!)) {
    const marker = bytes[at + 1];
    if (marker === 0xda) return false;
    if (marker === 0xe2 && text(at + 4, 11) === "ICC_PROFILE") return true;
  }
  return false;
}

/** Reads the chunks before the first of the image (ISO/IEC 15948, 11.3.3.3). */
function pngHasProfile(bytes: Uint8Array, text: Text): boolean {
  const view = new DataView(bytes.buffer);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = text(at + 4, 4);
    if (type === "iCCP") return true;
    if (type === "IDAT") return false;
  }
  return false;
}
