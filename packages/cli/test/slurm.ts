/**
 * @file A Slurm of its own for tests: controller, one node and authentication, all on loopback and in a folder that goes with them.
 * Debian's packages `slurmctld`, `slurmd`, `slurm-client` and `munge` have what it needs.
 */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, mkdirSync, openSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const CORES = 2;
const MEGABYTES = 8000;

export interface Slurm {
  /** Variables by which Slurm's commands find it. */
  readonly environment: NodeJS.ProcessEnv;
  /** Runs one of Slurm's commands; gives what it prints. */
  command(name: string, ...args: readonly string[]): Promise<string>;
  /** States of the tasks of a job by their number, such as `RUNNING`; those that have ended are gone. */
  states(job: string): Promise<ReadonlyMap<string, string>>;
  stop(): Promise<void>;
}

const path = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];

function find(name: string): string | undefined {
  for (const folder of path)
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {}
  return undefined;
}

/** Why there can be no Slurm here; nothing if there can. */
export function slurmObstacle(): string | undefined {
  const missing = ["munged", "slurmctld", "slurmd", "sbatch"].filter((name) => find(name) === undefined);
  if (missing.length > 0) return `${missing.join(", ")} not installed (Debian: slurmctld slurmd slurm-client munge)`;
  return process.getuid?.() === 0 ? undefined : "a node of Slurm has to be started by root";
}

export async function startSlurm(folder: string): Promise<Slurm> {
  for (const name of ["state", "spool", "log"]) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "munge.key"), randomBytes(1024), { mode: 0o600 });
  const socket = join(folder, "munge.socket");
  const configuration = join(folder, "slurm.conf");
  writeFileSync(configuration, settings(folder, socket, await freePort(), await freePort()));
  const environment = { ...process.env, PATH: path.join(delimiter), SLURM_CONF: configuration };
  const daemons: ChildProcess[] = [];
  const begin = (name: string, ...args: readonly string[]) => {
    const log = openSync(join(folder, "log", name), "a");
    daemons.push(spawn(find(name)!, args, { env: environment, stdio: ["ignore", log, log] }));
  };
  const command: Slurm["command"] = async (name, ...args) =>
    (await promisify(execFile)(find(name)!, args, { env: environment, cwd: folder })).stdout.trim();
  const of = (name: string) => join(folder, `munge.${name}`);
  const files = ["key", "log", "pid", "seed"].map((name) => `--${name}-file=${of(name)}`);
  begin("munged", "--foreground", "--force", `--socket=${socket}`, ...files);
  begin("slurmctld", "-D", "-i");
  begin("slurmd", "-D");
  const stop = async () => {
    await command("scancel", "--user=root").catch(() => "");
    for (const daemon of daemons.toReversed()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const ended = once(daemon, "exit");
      daemon.kill("SIGTERM");
      await Promise.race([ended, sleep(20_000).then(() => daemon.kill("SIGKILL"))]);
    }
  };
  for (let attempt = 0; ; attempt++) {
    const state = await command("sinfo", "--noheader", "--format=%T").catch((error: Error) => error.message);
    if (state === "idle") break;
    if (attempt === 120) {
      await stop();
      throw new Error(`Slurm's node did not become idle: ${state}`);
    }
    await sleep(500);
  }
  return {
    environment,
    command,
    states: async (job) => {
      const lines = await command("squeue", "--noheader", "--array", `--jobs=${job}`, "--format=%K %T").catch(() => "");
      return new Map(
        lines
          .split("\n")
          .filter(Boolean)
          .map((line) => line.split(" ") as [string, string]),
      );
    },
    stop,
  };
}

function settings(folder: string, socket: string, controllerPort: number, nodePort: number): string {
  const [host] = hostname().split(".");
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket=${socket}
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${CORES} RealMemory=${MEGABYTES}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return port;
}
