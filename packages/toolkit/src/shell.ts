/** @file Words and lines of shell scripts. */

/** The word as a shell takes it literally. */
export const quoted = (word: string): string =>
  /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

export const commandLine = (words: readonly string[]): string => words.map(quoted).join(" ");

/**
 * Lines that set `$1` to the runs of a task, by its number in a variable of the engine.
 * @param variable such as `SLURM_ARRAY_TASK_ID`
 */
export const chosenPack = (packs: readonly (readonly number[])[], variable: string): string =>
  `set -- ${packs.map((pack) => pack.join(",")).join(" ")}\nshift "$${variable}"`;
