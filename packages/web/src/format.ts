/** @file Numbers as the page shows them. Units are decimal, as in the tables of the documentation. */

/**
 * A formatter that is created at its first use: the browser takes milliseconds to load its language data, and the first
 * view needs none.
 */
function formatter(options: Intl.NumberFormatOptions): (value: number) => string {
  let format: Intl.NumberFormat | undefined;
  return (value) => {
    format ??= new Intl.NumberFormat("en", options);
    return format.format(value);
  };
}

const one = formatter({ maximumFractionDigits: 1, minimumFractionDigits: 1 });
const short = formatter({ notation: "compact", maximumSignificantDigits: 3 });

/** 153 800 → "154 kB", 3 571 000 → "3.6 MB". */
export function byteSize(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(bytes < 1e5 ? 1 : 0)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Three digits at most: "0.42 ms", "12.3 ms", "1.24 s". */
export function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  if (milliseconds >= 100) return `${milliseconds.toFixed(0)} ms`;
  return `${milliseconds.toFixed(milliseconds >= 10 ? 1 : 2)} ms`;
}

/** A share in [0, 1] as a percentage. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

export const count: (value: number) => string = formatter({ maximumFractionDigits: 0 });

/** A short form for columns: "2.36 M", "442 k". */
export const compact = (value: number): string =>
  short(value)
    .replace(/K$/, " k")
    .replace(/(?=[MB]$)/, " ");

/** A long form for sentences: "2.4 million". */
export const large = (value: number): string =>
  value >= 1e6 ? `${one(value / 1e6)} million` : value >= 1e4 ? `${one(value / 1e3)} thousand` : count(value);

/** ImageNet's names list synonyms; the first is enough for a heading. */
export const shortLabel = (label: string): string => label.split(",")[0]!;
