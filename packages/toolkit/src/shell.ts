/** @file Words and lines of shell scripts. */

/** The word as a shell takes it literally. */
export const quoted = (word: string): string =>
  /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

export const commandLine = (words: readonly string[]): string => words.map(quoted).join(" ");
