/**
 * @file Writes a study as batch scripts of Slurm: one array for all runs with the same needs, which starts after the
 * arrays whose results it needs, and the merge after all arrays.
 * @see https://slurm.schedmd.com/sbatch.html
 */

import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "../../files.js";
import { commandLine, quoted } from "../../shell.js";
import type { JobArray } from "./arrays.js";
import { chosenPack } from "./chosen-pack.js";
import type { ClusterSystem } from "./cluster-system.js";

export const slurm: ClusterSystem = {
  tool: "Slurm",
  ownOptions: [],
  async write({ study, arrays, options: { program = "subbyte", retries, parallel }, place }) {
    const scripts = slurmScripts(arrays, {
      study: study.plan.name,
      folder: resolve(study.folder.path),
      place,
      program,
      retries,
      ...(parallel === undefined ? {} : { parallel }),
    });
    for (const [name, text] of Object.entries(scripts)) await writeFileAtomic(join(place, name), text);
    for (const name of [LOGS, FAILED]) await mkdir(join(place, name), { recursive: true });
    return ["sh", join(place, SUBMIT)];
  },
};

interface SlurmOptions {
  readonly study: string;
  /** Absolute path of the study's folder, which the nodes share. */
  readonly folder: string;
  /** Absolute path of the folder for these scripts and their logs. */
  readonly place: string;
  /** The beginning of the command line with which a node starts `subbyte`. */
  readonly program: string;
  /** Number of further attempts per task. */
  readonly retries: number;
  /** Number of an array's tasks that run at the same time. */
  readonly parallel?: number;
}

/** Seconds before the time limit at which a task is told to write its checkpoint. */
const WARNING_SECONDS = 120;
/** Seconds after which a waiting job looks again, if the cluster does not allow requeueing it. */
const LOOK_AGAIN_SECONDS = 60;
const MERGE = "merge";
const SUBMIT = "submit.sh";

/**
 * Subfolders of the submission: the output of its tasks, and the times at which they failed. Both must exist before a job
 * starts.
 */
const LOGS = "logs";
const FAILED = "failed";

/** Scripts by file name; `submit.sh` submits the others. */
function slurmScripts(arrays: readonly JobArray[], options: SlurmOptions): Readonly<Record<string, string>> {
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
  const log = `${place.replaceAll("%", "%%")}/${LOGS}/${name}${name === MERGE ? "" : "-%a"}.log`;
  const lines = [`--job-name=subbyte-${study}-${name}`, `--output="${log}"`, "--open-mode=append", ...more];
  return ["#!/bin/bash", ...lines.map((line) => `#SBATCH ${line}`)].join("\n");
}

/**
 * Lines by which a job waits for those that it follows; their numbers are its arguments. With `afterany`, a job that has ended
 * once counts as ended for Slurm, even if it has been requeued since.
 */
const waiting = (
  job: string,
): string => `# The jobs that this one follows. Slurm starts it when they have ended once, even if one of them was requeued.
needed=$(printf '%s\\n' "$@")
in_queue() {
  local queue
  queue=$(squeue --noheader --user="$SLURM_JOB_USER" --format=%F) || return 0 # not known: look again later
  grep --quiet --line-regexp --fixed-strings "$needed" <<<"$queue"
}
while in_queue; do
  echo "A job that this one follows is still in the queue; this one goes back there."
  scontrol requeue "${job}"
  sleep ${LOOK_AGAIN_SECONDS}
done

`;

/** Tasks are requeued by this name, because the last task of an array has the number of the whole array. */
const TASK = `\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID`;

function arrayScript({ name, packs, after, ...needs }: JobArray, options: SlurmOptions): string {
  const { folder, place, program, retries, parallel } = options;
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

${after.length > 0 ? waiting(TASK) : ""}${chosenPack(packs, "SLURM_ARRAY_TASK_ID")}
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
# Slurm's own count includes requeues by others, and requeues to wait.
failed=${quoted(`${place}/${FAILED}/${name}-`)}$SLURM_ARRAY_TASK_ID
if [ "$again" = yes ] && date >>"$failed" && [ "$(wc -l <"$failed")" -le ${retries} ]; then
  scontrol requeue "${TASK}"
fi
exit "$status"
`;
}

const mergeScript = (options: SlurmOptions): string =>
  `${directives(MERGE, options, ["--cpus-per-task=1", "--mem=1024M", "--time=15", "--requeue"])}

${waiting("$SLURM_JOB_ID")}${options.program} ${commandLine(["study", "merge", options.folder])}
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

/** The command that submits a script. With `afterok` instead of `afterany`, the tasks after a failed one would wait forever. */
function submission(variable: string, name: string, after: readonly string[]): readonly string[] {
  // sbatch prints the number, and the cluster after a semicolon if there are several.
  const ids = after.map((each) => `\${${each}%%;*}`);
  const dependency = ids.length === 0 ? "" : ` --dependency=afterany:${ids.join(":")}`;
  const command = ["sbatch", `--parsable${dependency}`, quoted(fileName(name)), ...ids].join(" ");
  return [`${variable}=$(${command})`, `echo ${quoted(name)} "\${${variable}%%;*}"`];
}
