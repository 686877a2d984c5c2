/** The study `smoke` through the built command: killed at hard moments, and on a real Slurm; it comes out the same each time. */
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "@subbyte/toolkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Slurm, slurmObstacle, startSlurm } from "../test/slurm.js";
import { environment, folder, start, subbyte } from "../test/subbyte.js";

const MINUTES = 60_000;
const [FLOAT, RECONSTRUCTED, TRAINED] = ["float", "reconstruct-w2a2-s0", "qat-w4a4-s0"].map(
  (name) => `resnet8-mnist-${name}`,
) as [string, string, string];

interface Results {
  readonly runs: readonly { readonly id: string; readonly result: object; readonly software?: object }[];
  readonly missing: readonly { readonly id: string; readonly state: string }[];
}

/** The results of a merged study, without times. */
async function merged(name: string): Promise<Results> {
  expect((await subbyte("study", "merge", join(folder, name))).status).toBe(0);
  const { runs, missing } = JSON.parse(readFileSync(join(folder, name, "merged.json"), "utf8")) as Results;
  return { runs: runs.map(({ id, result }) => ({ id, result: untimed(result) })), missing };
}

/** Notes tell whether a run was resumed. */
const untimed = (result: object): object =>
  JSON.parse(JSON.stringify(result), (key, value) =>
    ["seconds", "imagesPerSecond", "notes"].includes(key) ? undefined : value,
  );

let straight: Results;
beforeAll(async () => {
  expect(await subbyte("study", "run", "smoke", "--out", "straight", "--quiet")).toMatchObject({ status: 0 });
  straight = await merged("straight");
  expect(straight.missing).toEqual([]);
}, 30 * MINUTES);

test(
  "killed in a training, in a reconstruction and in a quantization-aware training, it ends with the same figures",
  async () => {
    const random = new Random(3);
    // What a run has written when it is in the middle of its work.
    const moments = [
      `${FLOAT}/work/checkpoint.safetensors`,
      `${RECONSTRUCTED}/reconstruction.state`,
      `${TRAINED}/work/log.csv`,
    ];
    for (const moment of moments) {
      const child = start(["study", "run", "smoke", "--out", "killed", "--quiet"], { stdio: "ignore" });
      const ended = once(child, "close");
      while (!existsSync(join(folder, "killed/runs", moment)) && child.exitCode === null) await sleep(50);
      expect(child.exitCode).toBeNull();
      await sleep(random.integer(1000));
      child.kill("SIGKILL");
      await ended;
    }
    expect(await subbyte("study", "run", "smoke", "--out", "killed", "--quiet")).toMatchObject({ status: 0 });
    expect(await merged("killed")).toEqual(straight);
  },
  60 * MINUTES,
);

const obstacle = slurmObstacle();
if (obstacle !== undefined) console.warn(`skipped: no study on Slurm, ${obstacle}`);

describe.skipIf(obstacle !== undefined)("on Slurm", () => {
  let slurm: Slurm;
  const place = mkdtempSync(join(tmpdir(), "subbyte-slurm-"));
  beforeAll(async () => {
    slurm = await startSlurm(place);
  });
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

  /** Slurm holds a task that is tried again back for two minutes. */
  async function startAgain(job: string, task: string): Promise<void> {
    await until(() => isState(job, task, "PENDING"));
    await slurm.command("scontrol", "update", `JobId=${job}_${task}`, "StartTime=now");
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
      await startAgain(float, "0");
      expect(existsSync(join(folder, "cluster/runs", FLOAT, "result.json"))).toBe(false);

      const reconstructed = jobs.get("resnet8-mnist-reconstruct")!;
      await until(() => isState(reconstructed, "1", "RUNNING"));
      await killProcess(12);
      await startAgain(reconstructed, "1");

      const trained = jobs.get("resnet8-mnist-qat")!;
      await until(() => isState(trained, "1", "RUNNING"));
      await slurm.command("scancel", `${trained}_1`);

      const merge = jobs.get("merge")!;
      await until(async () => (await slurm.states(merge)).size === 0);
      const log = readFileSync(join(folder, "cluster/submissions/1/logs/merge.log"), "utf8");
      expect(log).toMatch(/resnet8-mnist-qat-w2a2-s0 +waiting/);
      expect(log).toMatch(/14 of 15 runs/);
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
