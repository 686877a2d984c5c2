/** @file Words and lines of shell scripts. */

/** The word, quoted so that a shell takes it literally. */
export const quoted = (word: string): string =>
  /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The words as one line for a POSIX shell; words with special characters are quoted. */
export const commandLine = (words: readonly string[]): string => words.map(quoted).join(" ");
