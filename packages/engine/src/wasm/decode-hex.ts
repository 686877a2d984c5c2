/** @file Decodes embedded modules, which are written as hexadecimal digits. */

import { platform } from "#platform";

type FromHex = { readonly fromHex?: (text: string) => Uint8Array<ArrayBuffer> };

export function decodeHex(text: string): Uint8Array<ArrayBuffer> {
  const { fromHex } = Uint8Array as FromHex;
  if (fromHex !== undefined) return fromHex(text);
  if (platform.decodeHex !== undefined) return platform.decodeHex(text);
  const digit = (i: number): number => {
    const code = text.charCodeAt(i);
    return (code & 15) + 9 * (code >> 6);
  };
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = 16 * digit(2 * i) + digit(2 * i + 1);
  return bytes;
}
