/**
 * @file Writes the files with which a cluster executes a study, into a subfolder of the study's folder, and submits them if
 * wanted.
 */

import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { MachineError, UsageError } from "../../errors.js";
import type { OpenedStudy } from "../open-study.js";
import type { JobArray } from "./arrays.js";
import type { ClusterSystem, Command, SubmitOptions } from "./cluster-system.js";
import { kubernetes } from "./kubernetes.js";
import { slurm } from "./slurm.js";

type SystemName = SubmitOptions["on"];

const systems: Readonly<Record<SystemName, ClusterSystem>> = { slurm, kubernetes };

export interface Submission {
  /** The folder with the files. */
  readonly place: string;
  /** The command that submits them. */
  readonly command: Command;
}

/** @throws {UsageError} if an option belongs to another cluster system, or one is missing that this system needs */
export async function writeSubmission(
  study: OpenedStudy,
  arrays: readonly JobArray[],
  options: SubmitOptions,
): Promise<Submission> {
  refuseForeignOptions(options);
  const folder = join(resolve(study.folder.path), "submissions");
  const number = await nextNumber(folder);
  const place = join(folder, String(number));
  return { place, command: await systems[options.on].write({ study, arrays, options, place, number }) };
}

/**
 * @returns the output of the command
 *
 * @throws {MachineError} if the command is absent or fails
 */
export async function submit({ command: [program, ...rest] }: Submission, system: SystemName): Promise<string> {
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
      "cluster-refused",
      { system, reason },
      `${program} ${rest.join(" ")}: ${reason}. Is ${systems[system].tool} set up on this machine?`,
      { cause: error },
    );
  }
}

function refuseForeignOptions(options: SubmitOptions): void {
  for (const [system, { ownOptions }] of Object.entries(systems)) {
    const foreign =
      system === options.on ? undefined : ownOptions.find((name) => options[name as keyof SubmitOptions] !== undefined);
    if (foreign === undefined) continue;
    throw new UsageError(
      "option-conflict",
      { options: [foreign, "on"] },
      `\`${foreign}\` belongs to \`on\` ${system}; leave it out.`,
    );
  }
}

async function nextNumber(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  return 1 + Math.max(0, ...names.map(Number).filter(Number.isInteger));
}
