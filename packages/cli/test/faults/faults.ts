/**
 * @file Fault injection: a command is run undisturbed, then once for each of its n calls that write, with that call failing; after
 * each, the same command is run again as a user would, and must end with the files of the undisturbed run.
 */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { program } from "../subbyte.js";

const preload = join(import.meta.dirname, "preload.cjs");

/** "full": the call fails with ENOSPC; "kill": the process dies there by SIGKILL. */
export type Fault = "full" | "kill";

export interface Scenario {
  /** The command under test. */
  readonly command: readonly string[];
  /** Commands that are run before it, undisturbed. */
  readonly before: readonly (readonly string[])[];
  /** Files that must come out the same, bit for bit. */
  readonly results: readonly string[];
  /** The folder whose checkpoint asks for `--resume` in the second attempt. */
  readonly run?: string;
}

interface Outcome {
  readonly status: number | null;
  readonly signal: string | undefined;
  readonly stderr: string;
}

const base = mkdtempSync(join(tmpdir(), "subbyte-faults-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let folders = 0;
function newFolder(): string {
  const folder = join(base, String(folders++));
  mkdirSync(join(folder, "tmp"), { recursive: true });
  return folder;
}

/** Runs `subbyte` in a folder that is also its home, with its cache and temporary files. */
const run = (folder: string, args: readonly string[], fault: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const env = { ...process.env, HOME: folder, XDG_CACHE_HOME: join(folder, "cache"), TMPDIR: join(folder, "tmp") };
    const child = execFile(
      process.execPath,
      ["--require", preload, program, ...args, "--json"],
      { cwd: folder, env: { ...env, NO_COLOR: "1", FAULT_ROOT: folder, ...fault } },
      (_, __, stderr) => resolve({ status: child.exitCode, signal: child.signalCode ?? undefined, stderr }),
    );
  });

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

const hashesOf = (folder: string, names: readonly string[]) =>
  names.map((name) =>
    createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex"),
  );

export interface Undisturbed extends Scenario {
  /** Before the command under test. */
  readonly prepared: string;
  readonly files: readonly string[];
  readonly hashes: readonly string[];
  /** The calls that write, such as `rename run/best.safetensors`. */
  readonly calls: readonly string[];
}

export async function undisturbed(scenario: Scenario): Promise<Undisturbed> {
  const prepared = newFolder();
  for (const args of scenario.before) expect(await run(prepared, args)).toMatchObject({ status: 0 });
  // Another data cache than an earlier command's: the command under test writes its own.
  rmSync(join(prepared, "cache"), { recursive: true, force: true });
  const folder = newFolder();
  cpSync(prepared, folder, { recursive: true });
  const log = join(base, "calls");
  rmSync(log, { force: true });
  expect(await run(folder, scenario.command, { FAULT_LOG: log })).toMatchObject({ status: 0 });
  return {
    ...scenario,
    prepared,
    files: filesOf(folder),
    hashes: hashesOf(folder, scenario.results),
    calls: readFileSync(log, "utf8").trim().split("\n"),
  };
}

/**
 * The calls that tell something new, from 1. A process that dies at a sync leaves the same files as one that dies at the call
 * behind it.
 */
export const callsToFail = ({ calls }: Undisturbed, how: Fault): readonly number[] =>
  calls.flatMap((call, i) => (how === "kill" && call.startsWith("sync ") && i + 1 < calls.length ? [] : [i + 1]));

/** Lets the n-th call fail, counted from 1. @returns the fault that this leads to, undefined if there is none */
export async function faultAt(reference: Undisturbed, at: number, how: Fault): Promise<string | undefined> {
  const { prepared, command, results, run: runFolder } = reference;
  const folder = newFolder();
  cpSync(prepared, folder, { recursive: true });
  const before = filesOf(folder);
  const first = await run(folder, command, { FAULT_AT: String(at), FAULT_HOW: how });
  const call = `${how} at call ${at} (${reference.calls[at - 1]})`;
  const left = filesOf(folder);

  const lost = before.filter((name) => !left.includes(name));
  if (lost.length > 0) return `${call}: ${lost} are lost`;
  if (how === "kill" && first.signal !== "SIGKILL") return `${call}: was not reached, ${JSON.stringify(first)}`;
  if (how === "full") {
    const told = /"code":"disk-full"/.test(first.stderr);
    if (!(first.status === 0 || (first.status === 3 && told))) return `${call}: ${JSON.stringify(first)}`;
    const temporary = left.filter((name) => name.endsWith(".tmp"));
    if (temporary.length > 0) return `${call}: ${temporary} stay after the failure`;
  }
  const resume =
    runFolder !== undefined &&
    !command.includes("--resume") &&
    existsSync(join(folder, runFolder, "checkpoint.safetensors"));
  const second = await run(folder, [...command, ...(resume ? ["--resume"] : [])]);
  if (second.status !== 0) return `${call}: the next start fails, ${JSON.stringify(second)}`;
  const found = filesOf(folder);
  if (found.join() !== reference.files.join())
    return `${call}: after the next start there are ${found}, not ${reference.files}`;
  if (hashesOf(folder, results).join() !== reference.hashes.join()) return `${call}: the results differ`;
  const empty = readdirSync(join(folder, "tmp"));
  if (empty.length > 0) return `${call}: ${empty} stay in the temporary folder`;
  rmSync(folder, { recursive: true });
  return undefined;
}
