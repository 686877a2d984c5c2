import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Job } from "kubernetes-models/batch/v1";
import { Role, RoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import { ServiceAccount } from "kubernetes-models/v1";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { TaskEvent } from "../../tasks/events.js";
import { planStudyRuns, submitStudy } from "../../tasks/index.js";
import { readRecord, writeRecord } from "../record.js";
import { StudyFolder } from "../study-folder.js";
import { AFTER, followJobs } from "./kubernetes-jobs.js";

/** It makes the certificate of the server that stands for a cluster. */
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) console.warn("skipped: no cluster over TLS, openssl is not installed");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "subbyte-submit-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const DEFINITION = `
name: small
threads: 2
networks: { net: { arch: resnet8 } }
data: { digits: { data: mnist } }
methods:
  mse: { task: quantize, method: mse }
  chained: { task: qat, chain: true }
matrix: { method: [mse, chained], bits: [8, 6, 4], seed: 0 }
include: [{ method: mse, bits: 8, seed: [1, 2] }]
latency: true
`;

/** The study with a float network and a quantized one that are finished, as far as resources go. */
async function begun(name: string): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, DEFINITION.replace("small", name));
  const out = join(folder, name);
  const { runs } = await planStudyRuns({ study: file, out });
  const measured = { "net-digits-float": [600, 1.5e9], "net-digits-mse-w8a8-s0": [240, 400e6] } as const;
  for (const [id, [seconds, peakMemoryBytes]] of Object.entries(measured)) {
    const { key } = runs.find((run) => run.id === id)!;
    const path = new StudyFolder(out).of({ id }).result;
    await writeRecord(path, {
      ...({ format: 1, id, key, commands: [], machine: {}, date: "2026-01-01T00:00:00Z" } as const),
      ...{ seconds, cpuSeconds: seconds, peakMemoryBytes, result: { notes: [] } },
    });
    expect((await readRecord(path, { key })).state).toBe("done");
  }
  return out;
}

/** Golden files hold no folder of this machine. */
const portable = (text: string): string => text.replaceAll(folder, "/mnt/work");
const golden = (name: string): string => join(import.meta.dirname, "testdata", name);

test("runs that need the same form an array; what is finished is left out; short runs share a task", async () => {
  const study = await begun("arrays");
  const notes: string[] = [];
  const emit = (event: TaskEvent) => {
    if (event.type === "note") notes.push(event.text);
  };
  const { arrays } = await submitStudy({ study, on: "slurm", packMinutes: 10 }, { emit });
  expect(arrays.map(({ name, packs, after }) => [name, packs, after])).toEqual([
    ["net-digits-chained-chain", [[1]], []],
    [
      "net-digits-mse",
      [
        [3, 4],
        [8, 9],
      ],
      [],
    ],
    ["net-digits-chained", [[5], [6], [7]], ["net-digits-chained-chain"]],
    ["net-digits-latency", [[10]], ["net-digits-mse"]],
  ]);
  const [chain, mse, , latency] = arrays;
  // Twice two runs of 4 minutes, and a quarter more memory.
  expect(mse).toMatchObject({ minutes: 16 + 5, cores: 2, measured: true, exclusive: false });
  expect(mse!.memoryBytes).toBe(1.25 * 400e6 + 2 ** 28);
  expect(chain).toMatchObject({ minutes: 240, memoryBytes: 4 * 2 ** 30, measured: false });
  expect(latency).toMatchObject({ exclusive: true, cores: 2 });
  expect(notes.join()).toMatch(/net-digits-chained-chain, net-digits-chained, net-digits-latency are guesses/);

  const given = await submitStudy({ study, on: "slurm", packMinutes: 0, memory: 1e9, minutes: 7 });
  expect(given.arrays[1]).toMatchObject({ packs: [[3], [4], [8], [9]], memoryBytes: 1e9, minutes: 7 });
});

test("each submission has a folder of its own", async () => {
  const study = await begun("numbers");
  const places = [await submitStudy({ study, on: "slurm" }), await submitStudy({ study, on: "slurm" })];
  expect(places.map(({ place }) => place)).toEqual(["1", "2"].map((n) => join(study, "submissions", n)));
});

describe("Slurm", () => {
  test("scripts are those of the golden files, and a shell reads them", async () => {
    const options = { on: "slurm", parallel: 8, retries: 1, program: "subbyte" } as const;
    const { place } = await submitStudy({ study: await begun("slurm"), ...options });
    for (const name of ["net-digits-mse.sbatch", "net-digits-latency.sbatch", "merge.sbatch", "submit.sh"]) {
      const text = readFileSync(join(place, name), "utf8");
      await expect(portable(text)).toMatchFileSnapshot(golden(name));
      execFileSync("bash", ["-n"], { input: text });
    }
  });

  test("what belongs to Kubernetes is refused; an engine that is absent is told in its own words", async () => {
    const study = await begun("refused");
    await expect(submitStudy({ study, on: "slurm", image: "x" })).rejects.toMatchObject({ code: "option-conflict" });
    const path = process.env.PATH;
    process.env.PATH = mkdtempSync(join(folder, "empty-"));
    try {
      await expect(submitStudy({ study, on: "slurm", apply: true })).rejects.toMatchObject({ code: "cluster-refused" });
    } finally {
      process.env.PATH = path;
    }
  });
});

describe("Kubernetes", () => {
  const kinds = { Job, Role, RoleBinding, ServiceAccount } as const;
  const options = () => ({ on: "kubernetes", image: "registry.example/subbyte:1", volume: `work:${folder}` }) as const;

  test("manifests are those of the golden file, and valid by Kubernetes' schema", async () => {
    const { place, command } = await submitStudy({ study: await begun("cluster"), ...options(), parallel: 2 });
    const text = readFileSync(join(place, "study.yaml"), "utf8");
    expect(command).toEqual(["kubectl", "create", "-f", join(place, "study.yaml")]);
    await expect(portable(text)).toMatchFileSnapshot(golden("study.yaml"));
    const manifests = parseAllDocuments(text).map((each) => each.toJS());
    expect(manifests.map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: 4 }, () => "Job"),
      ...["ServiceAccount", "Role", "RoleBinding", "Job"],
    ]);
    for (const manifest of manifests) new kinds[manifest.kind as keyof typeof kinds](manifest).validate();
    const names = manifests.map(({ metadata: { name } }) => name);
    const first = manifests[0];
    expect(() =>
      new Job({ ...first, spec: { ...first.spec, backoffLimitPerIndex: "once" } } as never).validate(),
    ).toThrow();
    // Pods have these names and a number, in at most 63 characters.
    for (const name of names) expect(name).toMatch(/^[a-z][-a-z0-9]{0,53}$/);
    const following = manifests.flatMap(({ metadata: { annotations } }) => annotations?.[AFTER]?.split(" ") ?? []);
    expect(names).toEqual(expect.arrayContaining(following));
  });

  test("an account that exists is taken", async () => {
    const study = await begun("account");
    const { place } = await submitStudy({ study, ...options(), serviceAccount: "merger", namespace: "studies" });
    const manifests = parseAllDocuments(readFileSync(join(place, "study.yaml"), "utf8")).map((each) => each.toJS());
    expect(new Set(manifests.map(({ kind }) => kind))).toEqual(new Set(["Job"]));
    expect(manifests.at(-1).spec.template.spec.serviceAccountName).toBe("merger");
    expect(new Set(manifests.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["studies"]));
  });

  test("image and volume are needed, and the volume has to hold all that the pods read", async () => {
    const study = await begun("outside");
    await expect(submitStudy({ study, on: "kubernetes" })).rejects.toMatchObject({ code: "option-missing" });
    const elsewhere = submitStudy({ study, ...options(), volume: "work:/mnt/work" });
    await expect(elsewhere).rejects.toMatchObject({ code: "option-mismatch" });
  });

  test.skipIf(!hasOpenssl)(
    "Jobs that follow others are resumed when those have ended, whether they succeeded or not",
    async () => {
      const account = join(folder, "serviceaccount");
      mkdirSync(account);
      const made = [
        "-keyout",
        join(account, "key"),
        "-out",
        join(account, "ca.crt"),
        "-addext",
        "subjectAltName=IP:127.0.0.1",
      ];
      execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=cluster", ...made], {
        stdio: "ignore",
      });
      writeFileSync(join(account, "token"), "secret\n");
      writeFileSync(join(account, "namespace"), "studies");
      const jobs = [job("a"), job("b"), job("c", "a"), job("d", "a b")];
      const asked: string[] = [];
      // Errors that pass: the control plane is renewed, asks for patience, or breaks the connection.
      const passing = [503, 429, 0, 0, 500];
      const keys = { key: readFileSync(join(account, "key")), cert: readFileSync(join(account, "ca.crt")) };
      const server = createServer(keys, (request, answer) => {
        const url = new URL(request.url!, "https://cluster");
        expect(request.headers.authorization).toBe("Bearer secret");
        const error = passing.pop();
        if (error === 0) return void request.socket.destroy();
        if (error !== undefined) return void answer.writeHead(error).end("later");
        if (request.method === "GET") {
          expect(url.pathname).toBe("/apis/batch/v1/namespaces/studies/jobs");
          expect(url.searchParams.get("labelSelector")).toMatch(/^app\.kubernetes\.io\/instance=subbyte-x-1,/);
          // Between two looks, the first Job that runs ends.
          const running = jobs.find(({ spec, status }) => !spec.suspend && status.conditions.length === 0);
          answer.end(JSON.stringify({ items: jobs }));
          running?.status.conditions.push({
            type: running.metadata.name === "b" ? "Complete" : "Failed",
            status: "True",
          });
          return;
        }
        const name = url.pathname.split("/").at(-1)!;
        asked.push(`${request.method} ${name}`);
        jobs.find(({ metadata }) => metadata.name === name)!.spec.suspend = false;
        answer.end("{}");
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const cluster = { server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, account };
      const { signal } = new AbortController();
      const follow = (at = cluster) => followJobs("subbyte-x-1", signal, at, { pollMs: 1, patienceMs: 5_000 });
      const once = () => followJobs("subbyte-x-1", signal, cluster, { pollMs: 1, patienceMs: 0 });
      try {
        await follow();
        expect(passing).toEqual([]);
        expect(asked).toEqual(["PATCH c", "PATCH d"]);
        jobs.length = 0;
        await expect(follow()).rejects.toMatchObject({ code: "cluster-refused" });
        passing.push(403);
        await expect(follow()).rejects.toThrow(/403, later/);
      } finally {
        server.close();
      }
      await expect(once()).rejects.toThrow(/ECONNREFUSED/);
      const outside = { ...cluster, account: join(folder, "nothing") };
      await expect(follow(outside)).rejects.toThrow(/not a pod with a service account/);
    },
  );
});

const job = (name: string, after?: string) => ({
  metadata: { name, ...(after === undefined ? {} : { annotations: { [AFTER]: after } }) },
  spec: { suspend: after !== undefined },
  status: { conditions: [] as { readonly type: string; readonly status: string }[] },
});
