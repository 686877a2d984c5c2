/** @file Tells which files are images that can be decoded, and describes the others in a note. */

/** Formats by file name. The content decides what a file really is (`decode.ts`). */
const IMAGE_FILE = /\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif|bmp|dib)$/i;

export const isImageFile = (path: string): boolean => IMAGE_FILE.test(path);

/** The formats, for messages. */
export const FORMATS = "JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP";

/** Number of names in a note; the others are only counted. */
const SHOWN = 3;

/** `2 files were left out: a, b`; nothing if there are none. */
export function leftOut(paths: readonly string[], what: (count: number) => string): string[] {
  if (paths.length === 0) return [];
  const more = paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : "";
  return [`${what(paths.length)}: ${paths.slice(0, SHOWN).join(", ")}${more}`];
}

/** A note on files whose names are not those of images, with a count per extension; nothing if there are none. */
export function otherFilesNote(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const extension = /\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? "without an extension";
    counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  const kinds = [...counts].sort(([, a], [, b]) => b - a).map(([extension, count]) => `${count} ${extension}`);
  return leftOut(kinds, () =>
    paths.length === 1
      ? `1 file is not a ${FORMATS} image and was left out`
      : `${paths.length} files are not ${FORMATS} images and were left out`,
  );
}
