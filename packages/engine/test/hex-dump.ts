/**
 * Sixteen bytes per line, offset before, printable ASCII after; lines equal to the one before become `*`, as in `hexdump -C`.
 */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  let previous = "";
  for (let offset = 0; offset < bytes.length; offset += 16) {
    const row = [...bytes.subarray(offset, offset + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    if (hex !== previous) lines.push(`${offset.toString(16).padStart(8, "0")}  ${hex.padEnd(47)}  ${text}`);
    else if (lines.at(-1) !== "*") lines.push("*");
    previous = hex;
  }
  return lines.join("\n");
}
