/**
 * @file Starts the Jobs of a study in order. Kubernetes can hold a Job back (suspend it), but cannot start it when other Jobs have ended.
 * The pod that merges the results does that: it asks the API of the cluster which Jobs have ended, and starts those that wait for them.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/
 */

import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { MachineError } from "../../errors.js";

/**
 * Label of the Jobs that execute runs, and annotation with the names of the Jobs after which one starts, separated by spaces.
 */
export const RUNS = "runs";
export const AFTER = "subbyte-after";

/** The fields of a Job that are read. */
interface Job {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly suspend?: boolean };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** How to reach the API of a cluster. */
export interface Cluster {
  readonly server: string;
  /** Folder with `token`, `ca.crt` and `namespace`. The cluster renews the token there. */
  readonly account: string;
}

/** The cluster of the pod itself: its address, and the folder with the credentials of its service account. */
const ownCluster: Cluster = {
  server: "https://kubernetes.default.svc",
  account: "/var/run/secrets/kubernetes.io/serviceaccount",
};

export interface Pace {
  /** Milliseconds between two requests for the state of the Jobs. */
  readonly pollMs: number;
  /** Milliseconds for which the API of the cluster may be unreachable, for example while the control plane is updated. */
  readonly patienceMs: number;
}

const usualPace: Pace = { pollMs: 10_000, patienceMs: 15 * 60_000 };

/**
 * Resumes each Job of a submission when those that it follows have ended, whether they succeeded or not. Requests are repeated
 * if the API cannot be reached: a study takes days, and the pod that merges has few attempts.
 *
 * @returns when all have ended
 * @throws {MachineError} if there are none, or the cluster refuses
 */
export async function followJobs(
  instance: string,
  signal: AbortSignal,
  cluster: Cluster = ownCluster,
  pace: Pace = usualPace,
): Promise<void> {
  const patient = new PatientCluster(cluster, pace, signal);
  for (;;) {
    const jobs = await jobsOf(instance, patient);
    if (jobs.length === 0) throw refused(`there are no Jobs of ${instance} in the namespace`);
    const running = new Set(jobs.filter((job) => !hasEnded(job)).map(({ metadata }) => metadata.name));
    if (running.size === 0) return;
    for (const job of jobs) {
      const waitsFor = job.metadata.annotations?.[AFTER]?.split(" ") ?? [];
      if (job.spec.suspend === true && !waitsFor.some((name) => running.has(name))) await resume(job, patient);
    }
    await sleep(pace.pollMs, undefined, { signal });
  }
}

const hasEnded = ({ status }: Job): boolean =>
  (status?.conditions ?? []).some((each) => each.status === "True" && ["Complete", "Failed"].includes(each.type));

async function jobsOf(instance: string, cluster: PatientCluster): Promise<readonly Job[]> {
  const labels = `app.kubernetes.io/instance=${instance},app.kubernetes.io/component=${RUNS}`;
  const answer = await cluster.ask("GET", `?labelSelector=${encodeURIComponent(labels)}`);
  return (answer as { readonly items: readonly Job[] }).items;
}

const resume = ({ metadata: { name } }: Job, cluster: PatientCluster): Promise<unknown> =>
  cluster.ask("PATCH", `/${name}`, { spec: { suspend: false } });

/** Repeats a request if its error may be temporary. */
class PatientCluster {
  constructor(
    readonly cluster: Cluster,
    readonly pace: Pace,
    readonly signal: AbortSignal,
  ) {}

  /**
   * @param path relative to the Jobs of the namespace @throws {MachineError} if the cluster refuses, or cannot be reached
   * for long
   */
  async ask(method: string, path: string, body?: object): Promise<unknown> {
    for (const start = Date.now(); ; ) {
      const { status, text, url } = await this.#answer(method, path, body);
      if (status === 200) return JSON.parse(text);
      const canPass = status === undefined || status === 429 || status >= 500;
      if (!canPass || Date.now() - start > this.pace.patienceMs)
        throw refused(`${method} ${url}: ${status === undefined ? "" : `${status}, `}${text.slice(0, 300)}`);
      await sleep(this.pace.pollMs, undefined, { signal: this.signal });
    }
  }

  async #answer(method: string, path: string, body?: object): Promise<Answer & { readonly url: string }> {
    const { server, account } = this.cluster;
    const [token, ca, namespace] = await Promise.all(
      ["token", "ca.crt", "namespace"].map((name) => readFile(`${account}/${name}`, "utf8")),
    ).catch((error: Error) => {
      throw refused(`this is not a pod with a service account: ${error.message}`);
    });
    const headers = { authorization: `Bearer ${token!.trim()}`, "content-type": "application/merge-patch+json" };
    const url = `${server}/apis/batch/v1/namespaces/${namespace!.trim()}/jobs${path}`;
    const answer = await exchange(url, { method, headers, ca: ca! }, body).catch(
      (error: Error): Answer => ({ status: undefined, text: error.message }),
    );
    return { ...answer, url };
  }
}

interface Answer {
  /** HTTP status; undefined if there was no answer, in which case the text says why. */
  readonly status: number | undefined;
  readonly text: string;
}

const exchange = (url: string, options: Parameters<typeof request>[1], body: object | undefined): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(url, options, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString() }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });

const refused = (reason: string): MachineError =>
  new MachineError(
    "cluster-refused",
    { system: "kubernetes", reason },
    `Kubernetes: ${reason}. The merge's account has to list and patch the Jobs of its namespace; study merge without \`afterJobs\` needs none.`,
  );
