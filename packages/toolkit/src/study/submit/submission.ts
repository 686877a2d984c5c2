/**
 * @file Writes the files with which a cluster does a study, into a subfolder of the study's folder, and submits them if wanted.
 */

import { execFile } from "node:child_process";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { MachineError, UsageError } from "../../errors.js";
import { writeFileAtomic } from "../../files.js";
import type { OptionName, TaskOptions } from "../../options/index.js";
import type { OpenedStudy } from "../open-study.js";
import type { JobArray } from "./arrays.js";
import { kubernetesManifests, requireInVolume, type Volume } from "./kubernetes.js";
import { slurmFolders, slurmScripts } from "./slurm.js";

export interface Submission {
  /** The folder with the files. */
  readonly place: string;
  /** The command that submits them. */
  readonly command: readonly [string, ...string[]];
}

type Options = TaskOptions<"study submit">;

/** @throws {UsageError} for options that do not belong to the cluster system, or that it lacks */
export async function writeSubmission(
  study: OpenedStudy,
  arrays: readonly JobArray[],
  options: Options,
): Promise<Submission> {
  requireOwnOptions(options);
  const folder = resolve(study.folder.path);
  const number = await nextNumber(join(folder, "submissions"));
  const place = join(folder, "submissions", String(number));
  const { retries, parallel } = options;
  const common = {
    study: study.plan.name,
    folder,
    program: options.program ?? programs[options.on],
    retries,
    ...(parallel === undefined ? {} : { parallel }),
  };
  if (options.on === "slurm") {
    const scripts = slurmScripts(arrays, { ...common, place });
    for (const [name, text] of Object.entries(scripts)) await writeFileAtomic(join(place, name), text);
    for (const name of slurmFolders) await mkdir(join(place, name), { recursive: true });
    return { place, command: ["sh", join(place, "submit.sh")] };
  }
  const volume = volumeOf(options);
  requireInVolume([folder, ...Object.values(study.plan.locations)], volume);
  const { uid, gid } = await stat(folder);
  const manifests = kubernetesManifests(arrays, {
    ...common,
    submission: number,
    image: required(options, "image"),
    volume,
    owner: uid === 0 ? { user: 1000, group: 1000 } : { user: uid, group: gid },
    namespace: options.namespace ?? "default",
    ...(options.serviceAccount === undefined ? {} : { serviceAccount: options.serviceAccount }),
  });
  const file = join(place, "study.yaml");
  await writeFileAtomic(file, manifests.map((each) => stringify(each, { lineWidth: 0 })).join("---\n"));
  return { place, command: ["kubectl", "create", "-f", file] };
}

/**
 * @returns the output of the command
 *
 * @throws {MachineError} if the command is absent or fails
 */
export async function handOver({ command: [program, ...rest] }: Submission, engine: Options["on"]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, rest);
    return stdout.trimEnd();
  } catch (error) {
    const {
      stdout = "",
      stderr = "",
      message,
    } = error as Error & { readonly stdout?: string; readonly stderr?: string };
    const reason = [stderr.trim() || message, stdout && `submitted before: ${stdout.trim()}`]
      .filter(Boolean)
      .join("; ");
    throw new MachineError(
      "engine-refused",
      { engine, reason },
      `${program} ${rest.join(" ")}: ${reason}. Is ${engine === "slurm" ? "Slurm" : "kubectl"} set up on this machine?`,
      { cause: error },
    );
  }
}

const ofKubernetes = ["image", "volume", "namespace", "serviceAccount"] as const satisfies readonly OptionName[];

function requireOwnOptions(options: Options): void {
  const foreign = options.on === "slurm" ? ofKubernetes.find((name) => options[name] !== undefined) : undefined;
  if (foreign === undefined) return;
  throw new UsageError(
    "option-conflict",
    { options: [foreign, "on"] },
    `\`${foreign}\` belongs to \`on\` kubernetes; leave it out.`,
  );
}

function required(options: Options, name: "image" | "volume"): string {
  const value = options[name];
  if (value !== undefined) return value;
  const examples = { image: "registry.example/subbyte:1", volume: "work:/mnt/work" };
  throw new UsageError(
    "option-missing",
    { option: name },
    `\`${name}\` is missing, which \`on\` kubernetes needs; for example \`${name}\` ${examples[name]}.`,
  );
}

function volumeOf(options: Options): Volume {
  const [claim, path] = required(options, "volume").split(":") as [string, string];
  return { claim, path };
}

/** Command that starts subbyte: in the image that `deploy/Dockerfile` builds, and by default on the nodes of Slurm. */
const programs = { slurm: "subbyte", kubernetes: "node /app/packages/cli/dist/main.js" } as const;

async function nextNumber(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  return 1 + Math.max(0, ...names.map(Number).filter(Number.isInteger));
}
