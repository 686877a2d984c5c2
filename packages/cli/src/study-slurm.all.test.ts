/** The study `smoke` on a real Slurm: it comes out as it does locally, whatever happens to its tasks. */
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Slurm, slurmObstacle, startSlurm } from "../test/slurm.js";
import { FLOAT, merged, type Results, straightResults } from "../test/smoke-study.js";
import { environment, folder, start } from "../test/subbyte.js";

const MINUTES = 60_000;

const obstacle = slurmObstacle();
if (obstacle !== undefined) console.warn(`skipped: no study on Slurm, ${obstacle}`);

describe.skipIf(obstacle !== undefined)("on Slurm", () => {
  let slurm: Slurm;
  const place = mkdtempSync(join(tmpdir(), "subbyte-slurm-"));
  let straight: Results;
  beforeAll(async () => {
    straight = await straightResults();
    slurm = await startSlurm(place);
  }, 30 * MINUTES);
  afterAll(async () => {
    await slurm?.stop();
    rmSync(place, { recursive: true, force: true });
  });

  /** Submits what is left of the study; numbers of the jobs by name. */
  async function submitted(...options: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const child = start(
      ["study", "submit", "smoke", "--out", "cluster", "--on", "slurm", "--apply", "--json", ...options],
      {
        env: { ...environment, ...slurm.environment },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let output = "";
    child.stdout!.on("data", (part: Buffer) => {
      output += part;
    });
    expect(await once(child, "close")).toEqual([0, null]);
    const lines = (JSON.parse(output) as { readonly submitted: string }).submitted.split("\n");
    return new Map(lines.map((line) => line.split(" ") as [string, string]));
  }

  const logs = join(folder, "cluster/submissions/1/logs");
  /** The logs of all tasks, for the message if the test fails. */
  const taskLogs = () =>
    readdirSync(logs)
      .map((name) => `== ${name}\n${readFileSync(join(logs, name), "utf8")}`)
      .join("\n");

  const isState = async (job: string, task: string, wanted: string) => (await slurm.states(job)).get(task) === wanted;
  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) await sleep(200);
  }

  /** Kills the process of a run that a task has at hand, as the system does where memory runs out. */
  async function killProcess(index: number): Promise<void> {
    const isIt = (pid: string) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return words.includes(join(folder, "cluster")) && words.at(-2) === String(index);
      } catch {
        return false;
      }
    };
    let pid: string | undefined;
    await until(() => {
      pid = readdirSync("/proc").find((name) => /^\d+$/.test(name) && isIt(name));
      return pid !== undefined;
    });
    process.kill(Number(pid), "SIGKILL");
  }

  /**
   * Slurm holds a task that is tried again back for two minutes: it cancels one that starts in the second in which the attempt before
   * was revoked ("Job credential revoked").
   */
  async function startAgain(job: string, task: string): Promise<void> {
    await until(() => isState(job, task, "PENDING"));
    await slurm.command("scontrol", "update", `JobId=${job}_${task}`, "StartTime=now+3");
  }

  test(
    "an array task is requeued, another one's process killed, and one is cancelled for good; the merge names it, and equals the local result once it is run again",
    async () => {
      const needs = ["--memory", "2GB", "--minutes", "60", "--retries", "1", "--pack-minutes", "0"];
      const jobs = await submitted(...needs);
      expect([...jobs.keys()].at(-1)).toBe("merge");

      const float = jobs.get(FLOAT)!;
      await until(() => existsSync(join(folder, "cluster/runs", FLOAT, "work/checkpoint.safetensors")));
      await slurm.command("scontrol", "requeue", `${float}_0`);
      await until(() => isState(float, "0", "PENDING"));

      // Slurm takes a job as ended that ended once; what follows it begins, finds it in the queue, and goes back there, too.
      const quantized = jobs.get("resnet8-mnist-minmax")!;
      const merge = jobs.get("merge")!;
      for (const job of [quantized, merge]) await slurm.command("scontrol", "update", `JobId=${job}`, "Dependency=");
      for (const name of ["resnet8-mnist-minmax-0.log", "merge.log"])
        await until(() => existsSync(join(logs, name)) && readFileSync(join(logs, name), "utf8").includes("goes back"));
      await startAgain(float, "0");
      expect(existsSync(join(folder, "cluster/runs", FLOAT, "result.json"))).toBe(false);

      const reconstructed = jobs.get("resnet8-mnist-reconstruct")!;
      await until(() => isState(reconstructed, "1", "RUNNING"));
      await killProcess(12);
      await startAgain(reconstructed, "1");

      const trained = jobs.get("resnet8-mnist-qat")!;
      await until(() => isState(trained, "1", "RUNNING"));
      await slurm.command("scancel", `${trained}_1`);

      await until(async () => (await slurm.states(merge)).size === 0);
      const log = readFileSync(join(logs, "merge.log"), "utf8");
      expect(log, taskLogs()).toMatch(/resnet8-mnist-qat-w2a2-s0 +waiting/);
      expect(log.match(/\d+ of 15 runs/g)).toEqual(["14 of 15 runs"]);
      const first = await merged("cluster");
      expect(first.missing).toMatchObject([{ id: "resnet8-mnist-qat-w2a2-s0", state: "waiting" }]);
      expect(first.runs).toEqual(straight.runs.filter(({ id }) => id !== "resnet8-mnist-qat-w2a2-s0"));

      const again = await submitted();
      expect([...again.keys()]).toEqual(["resnet8-mnist-qat", "merge"]);
      await until(async () => (await slurm.states(again.get("merge")!)).size === 0);
      expect(await merged("cluster")).toEqual(straight);
    },
    60 * MINUTES,
  );
});
