/**
 * Runs a target in a process of its own until its time is over. After a case that killed the process, a new one continues with
 * the next case.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Limits for a case, far above what any valid input takes. */
const CASE_CPU_SECONDS = 30;
const CASE_WALL_SECONDS = 300;
/**
 * Milliseconds between two looks at a process. Time is counted in looks, because the clock goes on while the machine sleeps.
 */
const LOOK_MS = 200;
const MEMORY_GIB = 3;
/** Faults after which a target is given up. */
const MAX_FAULTS = 20;
/** Number of cases after which a process is replaced. */
const CASES_PER_PROCESS = 20_000;

/**
 * @param budgetMs milliseconds; 0 for a single case
 * @returns {Promise<{seed, seconds, cases, accepted, refused, slowestMs, faults: {seed, problem}[]}>} times in CPU time
 */
export async function fuzzTarget({ name, bundle, folder, seed, budgetMs }) {
  const begun = performance.now();
  const row = { seed, seconds: 0, cases: 0, accepted: 0, refused: 0, slowestMs: 0, faults: [] };
  let next = seed;
  do {
    const endsAt = Date.now() + budgetMs - (performance.now() - begun);
    next = await runProcess({ name, bundle, folder, seed: next, endsAt, once: budgetMs === 0 }, row);
  } while (performance.now() - begun < budgetMs && row.faults.length < MAX_FAULTS);
  row.seconds = Math.round((performance.now() - begun) / 1000);
  row.slowestMs = Math.round(row.slowestMs);
  return row;
}

/** Writes the input of a case to `path`. Returns false if the target has no files, or if creating the case fails. */
export async function saveCase({ bundle, folder, seed }, path) {
  const child = start({ bundle, folder, seed, save: path }, folder);
  child.stderr.resume();
  child.stdio[3].resume();
  await new Promise((ended) => child.on("close", ended));
  return existsSync(path);
}

/** The process of a target; its home and its temporary files are in `folder`. */
const start = (work, folder) =>
  spawn(process.execPath, [join(import.meta.dirname, "work.mjs"), JSON.stringify(work)], {
    stdio: ["ignore", "inherit", "pipe", "pipe"],
    env: { ...process.env, HOME: folder, XDG_CACHE_HOME: join(folder, "cache"), TMPDIR: folder },
  });

/** Runs a process, adds its cases to the row, and returns the seed to continue with. */
function runProcess({ bundle, folder, seed, endsAt, once }, row) {
  const work = {
    bundle,
    folder,
    seed,
    endsAt,
    most: once ? 1 : CASES_PER_PROCESS,
    faults: MAX_FAULTS - row.faults.length,
  };
  const child = start(work, folder);
  let current; // seed of the current case
  let killed;
  let atCase; // CPU seconds at its beginning, and looks since
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr = (stderr + text).slice(-2000);
  });
  const add = (at, problem) => row.faults.push({ seed: at, problem });
  const lines = createInterface({ input: child.stdio[3] });
  lines.on("line", (line) => {
    const message = JSON.parse(line);
    if (message.begin !== undefined) {
      current = message.begin;
      atCase = undefined;
      return;
    }
    row.cases++;
    row.slowestMs = Math.max(row.slowestMs, message.ms);
    if (message.problem === undefined) row[message.outcome]++;
    else add(current, message.problem);
    current = undefined;
  });
  const watch = setInterval(() => {
    const { cpu, gib } = usage(child.pid);
    atCase ??= { cpu, looks: 0 };
    atCase.looks++;
    const seconds = cpu - atCase.cpu;
    if (gib > MEMORY_GIB) killed = `takes ${gib.toFixed(1)} GiB of memory`;
    else if (current !== undefined && seconds > CASE_CPU_SECONDS)
      killed = `takes more than ${CASE_CPU_SECONDS} s of CPU time`;
    else if (current !== undefined && atCase.looks * LOOK_MS > 1000 * CASE_WALL_SECONDS) killed = "hangs";
    if (killed !== undefined) child.kill("SIGKILL");
  }, LOOK_MS);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    lines.on("close", async () => {
      if (child.exitCode === null && child.signalCode === null) await new Promise((ended) => child.on("exit", ended));
      clearInterval(watch);
      const ended = current;
      if (ended === undefined && child.exitCode !== 0) {
        reject(
          new Error(
            `the target ended with ${child.exitCode ?? child.signalCode} between two cases: ${killed ?? stderr}`,
          ),
        );
        return;
      }
      if (ended !== undefined) {
        row.cases++;
        add(ended, killed ?? `the process died (${child.signalCode ?? child.exitCode}): ${stderr}`);
      }
      resolve((ended ?? row.seed + row.cases - 1) + 1);
    });
  });
}

/** CPU seconds and memory of a process, if the system has /proc. */
function usage(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, gib: (Number(fields[21]) * 4096) / 2 ** 30 };
  } catch {
    return { cpu: 0, gib: 0 };
  }
}
