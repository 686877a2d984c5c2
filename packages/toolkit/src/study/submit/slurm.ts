/**
 * @file Writes a study as batch scripts of Slurm: one array for all runs with the same needs, which starts after the
 * arrays whose results it needs, and the merge after all arrays.
 * @see https://slurm.schedmd.com/sbatch.html
 */

import { commandLine, quoted } from "../../shell.js";
import type { JobArray } from "./arrays.js";
import { chosenPack } from "./chosen-pack.js";

export interface SlurmOptions {
  readonly study: string;
  /** Absolute path of the study's folder, which the nodes share. */
  readonly folder: string;
  /** Absolute path of the folder for these scripts and their logs. */
  readonly place: string;
  /** The start of a command line: how a node starts `subbyte`. */
  readonly program: string;
  /** Further attempts of each task. */
  readonly retries: number;
  /** Tasks of an array that run at once. */
  readonly parallel?: number;
}

/** Seconds before the time limit at which a task is told to write its checkpoint. */
const WARNING_SECONDS = 120;
const MERGE = "merge";
const SUBMIT = "submit.sh";

/** Scripts by file name; `submit.sh` submits the others. */
export function slurmScripts(arrays: readonly JobArray[], options: SlurmOptions): Readonly<Record<string, string>> {
  const scripts = arrays.map((array) => [fileName(array.name), arrayScript(array, options)] as const);
  return {
    ...Object.fromEntries(scripts),
    [fileName(MERGE)]: mergeScript(options),
    [SUBMIT]: submitScript(arrays, options),
  };
}

const fileName = (name: string): string => `${name}.sbatch`;

function directives(name: string, { study, place }: SlurmOptions, more: readonly string[]): string {
  // Slurm replaces patterns that begin with a per cent sign.
  const log = `${place.replaceAll("%", "%%")}/logs/${name}${name === MERGE ? "" : "-%a"}.log`;
  const lines = [`--job-name=subbyte-${study}-${name}`, `--output="${log}"`, "--open-mode=append", ...more];
  return ["#!/bin/bash", ...lines.map((line) => `#SBATCH ${line}`)].join("\n");
}

function arrayScript({ name, packs, ...needs }: JobArray, options: SlurmOptions): string {
  const { folder, program, retries, parallel } = options;
  const head = directives(name, options, [
    `--array=0-${packs.length - 1}${parallel === undefined ? "" : `%${parallel}`}`,
    `--cpus-per-task=${needs.cores}`,
    `--mem=${Math.ceil(needs.memoryBytes / 2 ** 20)}M`,
    `--time=${needs.minutes}`,
    `--signal=B:USR1@${WARNING_SECONDS}`,
    "--requeue",
    ...(needs.exclusive ? ["--exclusive"] : []),
  ]);
  const command = `${program} ${commandLine(["study", "run", folder, "--require-needs", "--quiet", "--index"])}`;
  return `${head}

${chosenPack(packs, "SLURM_ARRAY_TASK_ID")}
again=yes
limit=no
# Near its time limit the task writes a checkpoint, from which the next attempt goes on.
trap 'limit=yes; kill -TERM "$child"' USR1
# Slurm sends this to all processes of a task that was cancelled or requeued; the script waits for the checkpoint.
trap 'again=no' TERM
${command} "$1" &
child=$!
while wait "$child"; status=$?; kill -0 "$child" 2>/dev/null; do :; done
case "$status" in
  0) again=no ;;
  130 | 143) again=$limit ;; # interrupted by that signal
esac
if [ "$again" = yes ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt ${retries} ]; then
  # By this name: the last task of an array has the number of the whole array.
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
fi
exit "$status"
`;
}

const mergeScript = (options: SlurmOptions): string =>
  `${directives(MERGE, options, ["--cpus-per-task=1", "--mem=1024M", "--time=15"])}

${options.program} ${commandLine(["study", "merge", options.folder])}
`;

function submitScript(arrays: readonly JobArray[], { study }: SlurmOptions): string {
  const variables = new Map(arrays.map(({ name }, i) => [name, `job${i}`]));
  const submitted = arrays.flatMap(({ name, after }) => {
    const variable = variables.get(name)!;
    return submission(
      variable,
      name,
      after.map((each) => variables.get(each)!),
    );
  });
  return `#!/bin/sh
# Submits the runs of the study ${study} and their merge; prints the name and the number of each job.
set -eu
cd "$(dirname "$0")"
${[...submitted, ...submission("merge", MERGE, [...variables.values()])].join("\n")}
`;
}

/** `afterany`: with `afterok`, what follows a task that fails would wait for ever. */
function submission(variable: string, name: string, after: readonly string[]): readonly string[] {
  // sbatch prints the number, and the cluster after a semicolon where there are several.
  const ids = after.map((each) => `\${${each}%%;*}`);
  const dependency = ids.length === 0 ? "" : ` --dependency=afterany:${ids.join(":")}`;
  return [
    `${variable}=$(sbatch --parsable${dependency} ${quoted(fileName(name))})`,
    `echo ${quoted(name)} "\${${variable}%%;*}"`,
  ];
}
