/**
 * @file Writes a study as Kubernetes manifests: an Indexed Job for all runs with the same needs, suspended while it waits for
 * others, and a Job that resumes them in turn and merges the results at the end.
 * @see https://kubernetes.io/docs/tasks/job/parallel-processing-static/
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index
 */

import { stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { IJob } from "kubernetes-models/batch/v1";
import type { IRole, IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import type { IPod, IServiceAccount } from "kubernetes-models/v1";
import { stringify } from "yaml";
import { UsageError } from "../../errors.js";
import { writeFileAtomic } from "../../files.js";
import { commandLine } from "../../shell.js";
import type { JobArray } from "./arrays.js";
import { chosenPack } from "./chosen-pack.js";
import type { ClusterSystem, SubmitOptions } from "./cluster-system.js";
import { AFTER, RUNS } from "./kubernetes-jobs.js";

/** Starts subbyte in the image that `deploy/Dockerfile` builds. */
const PROGRAM_OF_IMAGE = "node /app/packages/cli/dist/main.js";

export const kubernetes: ClusterSystem = {
  tool: "kubectl",
  ownOptions: ["image", "volume", "namespace", "serviceAccount"],
  async write({ study, arrays, options, place, number }) {
    const { program = PROGRAM_OF_IMAGE, retries, parallel, namespace = "default", serviceAccount } = options;
    const folder = resolve(study.folder.path);
    const volume = volumeOf(options);
    requireInVolume([folder, ...Object.values(study.plan.locations)], volume);
    const { uid, gid } = await stat(folder);
    const manifests = kubernetesManifests(arrays, {
      study: study.plan.name,
      folder,
      submission: number,
      program,
      image: required(options, "image"),
      volume,
      owner: uid === 0 ? { user: 1000, group: 1000 } : { user: uid, group: gid },
      namespace,
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
      retries,
      ...(parallel === undefined ? {} : { parallel }),
    });
    const file = join(place, "study.yaml");
    await writeFileAtomic(file, manifests.map((each) => stringify(each, { lineWidth: 0 })).join("---\n"));
    return ["kubectl", "create", "-f", file];
  },
};

interface KubernetesOptions {
  readonly study: string;
  /** Absolute path of the study's folder, the same here and in the pods. */
  readonly folder: string;
  /** Number of this submission; it makes the names of Jobs unique. */
  readonly submission: number;
  /** The beginning of the command line with which the image starts `subbyte`. */
  readonly program: string;
  readonly image: string;
  readonly volume: Volume;
  /** Pods run as the owner of the study's folder. */
  readonly owner: { readonly user: number; readonly group: number };
  readonly namespace: string;
  /** An account that may list and patch Jobs; one is created by default. */
  readonly serviceAccount?: string;
  readonly retries: number;
  readonly parallel?: number;
}

interface Volume {
  readonly claim: string;
  /** The absolute path at which it is mounted. */
  readonly path: string;
}

type Manifest = IJob | IServiceAccount | IRole | IRoleBinding;
type PodSpec = NonNullable<IPod["spec"]>;
type Container = PodSpec["containers"][number];

function required(options: SubmitOptions, name: "image" | "volume"): string {
  const value = options[name];
  if (value !== undefined) return value;
  const examples = { image: "registry.example/subbyte:1", volume: "work:/mnt/work" };
  throw new UsageError(
    "option-missing",
    { option: name },
    `\`${name}\` is missing, which \`on\` kubernetes needs; for example \`${name}\` ${examples[name]}.`,
  );
}

function volumeOf(options: SubmitOptions): Volume {
  const [claim, path] = required(options, "volume").split(":") as [string, string];
  return { claim, path };
}

/** @throws {UsageError} if pods cannot see one of the paths */
function requireInVolume(paths: readonly string[], { path, claim }: Volume): void {
  const outside = paths.find((each) => isAbsolute(each) && relative(path, each).startsWith(".."));
  if (outside === undefined) return;
  throw new UsageError(
    "option-mismatch",
    { option: "volume", value: `${claim}:${path}`, found: outside },
    `\`volume\` ${claim}:${path}: ${outside} lies outside of it, where pods do not see it. Move it there, or choose the folder with \`out\` and \`files\`.`,
  );
}

/** The manifests; the Job that merges the results is the last. */
function kubernetesManifests(arrays: readonly JobArray[], options: KubernetesOptions): readonly Manifest[] {
  const { serviceAccount } = options;
  const account = serviceAccount ?? instanceOf(options);
  const names = new Map(arrays.map(({ name }, i) => [name, jobName(options, name, i + 1)]));
  return [
    ...arrays.map((array) => runsJob(array, names, options)),
    ...(serviceAccount === undefined ? accountManifests(options) : []),
    mergeJob(account, options),
  ];
}

/** The name with only lower case, digits and hyphens, as Kubernetes requires. */
const slug = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");

const instanceOf = ({ study, submission }: KubernetesOptions): string =>
  `subbyte-${cut(slug(study), 30)}-${submission}`;

/** Pods are named after their Job and a number, in at most 63 characters. */
const jobName = (options: KubernetesOptions, name: string, number: number): string =>
  cut(`${instanceOf(options)}-${number}-${slug(name)}`, 54);

const cut = (name: string, length: number): string => name.slice(0, length).replace(/-$/, "");

const labelsOf = (options: KubernetesOptions, component: string) => ({
  "app.kubernetes.io/name": "subbyte",
  "app.kubernetes.io/instance": instanceOf(options),
  "app.kubernetes.io/component": component,
});

const metadataOf = (name: string, component: string, options: KubernetesOptions) => ({
  name,
  namespace: options.namespace,
  labels: labelsOf(options, component),
});

/** A pod that makes room for another one, or whose node is drained, has not failed. */
const podFailurePolicy = {
  rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
} satisfies NonNullable<IJob["spec"]>["podFailurePolicy"];

function runsJob(
  { name, packs, after, cores, memoryBytes, minutes }: JobArray,
  names: ReadonlyMap<string, string>,
  options: KubernetesOptions,
): IJob {
  const { folder, program, retries, parallel = packs.length } = options;
  const command = commandLine(["study", "run", folder, "--require-needs", "--quiet", "--index"]);
  const script = `${chosenPack(packs, "JOB_COMPLETION_INDEX")}\nexec ${program} ${command} "$1"`;
  const metadata = metadataOf(names.get(name)!, RUNS, options);
  const following = after.map((each) => names.get(each)!).join(" ");
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: after.length === 0 ? metadata : { ...metadata, annotations: { [AFTER]: following } },
    spec: {
      completionMode: "Indexed",
      completions: packs.length,
      parallelism: Math.min(parallel, packs.length),
      backoffLimitPerIndex: retries,
      suspend: after.length > 0,
      podFailurePolicy,
      template: {
        metadata: { labels: labelsOf(options, RUNS) },
        spec: {
          ...podSpec(script, { cores, memoryBytes }, options),
          automountServiceAccountToken: false,
          activeDeadlineSeconds: 60 * minutes,
          // A run that is told to end writes a checkpoint.
          terminationGracePeriodSeconds: 120,
        },
      },
    },
  };
}

const MERGE_NEEDS = { cores: 0.1, memoryBytes: 512 * 2 ** 20 };

/** The Job that merges the results. With a token of the cluster it watches other Jobs and resumes those that wait. */
function mergeJob(account: string, options: KubernetesOptions): IJob {
  const command = commandLine(["study", "merge", options.folder, "--after-jobs", instanceOf(options)]);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: metadataOf(`${instanceOf(options)}-merge`, "merge", options),
    spec: {
      backoffLimit: 10,
      podFailurePolicy,
      template: {
        metadata: { labels: labelsOf(options, "merge") },
        spec: { ...podSpec(`exec ${options.program} ${command}`, MERGE_NEEDS, options), serviceAccountName: account },
      },
    },
  };
}

function podSpec(
  script: string,
  { cores, memoryBytes }: Pick<JobArray, "cores" | "memoryBytes">,
  { image, volume, owner, folder }: KubernetesOptions,
): PodSpec {
  const memory = `${Math.ceil(memoryBytes / 2 ** 20)}Mi`;
  const container: Container = {
    name: "subbyte",
    image,
    command: ["/bin/sh", "-c", script],
    env: [
      { name: "HOME", value: "/tmp" },
      // Images are decoded once for all pods.
      { name: "XDG_CACHE_HOME", value: `${folder}/cache` },
    ],
    resources: { requests: { cpu: String(cores), memory }, limits: { memory } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [
      { name: "shared", mountPath: volume.path },
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
  return {
    restartPolicy: "Never",
    securityContext: {
      runAsNonRoot: true,
      runAsUser: owner.user,
      runAsGroup: owner.group,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [container],
    volumes: [
      { name: "shared", persistentVolumeClaim: { claimName: volume.claim } },
      { name: "tmp", emptyDir: {} },
    ],
  };
}

/** An account that may only list and resume Jobs. */
function accountManifests(options: KubernetesOptions): readonly [IServiceAccount, IRole, IRoleBinding] {
  const metadata = metadataOf(instanceOf(options), "merge", options);
  const { name, namespace } = metadata;
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      rules: [{ apiGroups: ["batch"], resources: ["jobs"], verbs: ["list", "patch"] }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
  ];
}
