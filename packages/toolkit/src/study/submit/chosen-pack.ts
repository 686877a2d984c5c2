/** @file The part of a batch script that chooses a task's runs. */

/**
 * Shell lines that set `$1` to the runs of a task, by the task's number in a variable.
 * @param variable such as `SLURM_ARRAY_TASK_ID`
 */
export const chosenPack = (packs: readonly (readonly number[])[], variable: string): string =>
  `set -- ${packs.map((pack) => pack.join(",")).join(" ")}\nshift "$${variable}"`;
