/** @file The files for containers and clusters are what Docker, Kubernetes and KServe take. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { Deployment } from "kubernetes-models/apps/v1";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { Pod, Service } from "kubernetes-models/v1";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

const root = join(import.meta.dirname, "../../..");
const read = (path: string) => readFileSync(join(root, "deploy", path), "utf8");
const documents = (path: string) => parseAllDocuments(read(path)).map((each) => each.toJS() as Record<string, never>);

/**
 * The schema of KServe's v1beta1 InferenceService as far as a custom predictor uses it, written from KServe's reference.
 * Pods have the schema of Kubernetes.
 */
const inferenceService = {
  type: "object",
  additionalProperties: false,
  required: ["apiVersion", "kind", "metadata", "spec"],
  properties: {
    apiVersion: { const: "serving.kserve.io/v1beta1" },
    kind: { const: "InferenceService" },
    metadata: {
      type: "object",
      required: ["name"],
      properties: {
        name: { type: "string", pattern: "^[a-z]([-a-z0-9]*[a-z0-9])?$" },
        annotations: {
          type: "object",
          additionalProperties: { type: "string" },
          properties: {
            "serving.kserve.io/deploymentMode": {
              enum: ["Standard", "Knative", "ModelMesh", "RawDeployment", "Serverless"],
            },
          },
        },
      },
    },
    spec: {
      type: "object",
      additionalProperties: false,
      required: ["predictor"],
      properties: {
        predictor: {
          type: "object",
          required: ["containers"],
          properties: {
            minReplicas: { type: "integer", minimum: 0 },
            maxReplicas: { type: "integer", minimum: 1 },
            scaleMetric: { enum: ["concurrency", "rps", "cpu", "memory"] },
            scaleTarget: { type: "integer", minimum: 1 },
            containerConcurrency: { type: "integer", minimum: 0 },
            timeout: { type: "integer", minimum: 1 },
            canaryTrafficPercent: { type: "integer", minimum: 0, maximum: 100 },
            containers: {
              type: "array",
              minItems: 1,
              items: { type: "object", required: ["name", "image"], properties: { name: { type: "string" } } },
              contains: { properties: { name: { const: "kserve-container" } } },
            },
          },
        },
      },
    },
  },
};

/** Fields of a predictor that are KServe's; the others are a pod's. */
const predictorFields = [
  "minReplicas",
  "maxReplicas",
  "scaleMetric",
  "scaleTarget",
  "containerConcurrency",
  "timeout",
  "canaryTrafficPercent",
];

describe("Kubernetes", () => {
  test("deployment, service and disruption budget are valid, and select the same pods", () => {
    const [deployment, service, budget] = documents("kubernetes/deployment.yaml");
    new Deployment(deployment as never).validate();
    new Service(service as never).validate();
    new PodDisruptionBudget(budget as never).validate();
    const labels = { "app.kubernetes.io/name": "subbyte" };
    expect(deployment).toMatchObject({
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
    });
    expect(service).toMatchObject({ spec: { selector: labels } });
    expect(budget).toMatchObject({ spec: { selector: { matchLabels: labels } } });
  });

  test("the validation does find what is wrong", () => {
    const [deployment] = documents("kubernetes/deployment.yaml");
    (deployment as { spec: { replicas: unknown } }).spec.replicas = "two";
    expect(() => new Deployment(deployment as never).validate()).toThrow();
  });

  test("the autoscaler scales the deployment", () => {
    const [autoscaler] = documents("kubernetes/autoscaler.yaml");
    new HorizontalPodAutoscaler(autoscaler as never).validate();
    const [deployment] = documents("kubernetes/deployment.yaml");
    expect(autoscaler).toMatchObject({
      spec: { scaleTargetRef: { kind: "Deployment", name: deployment!.metadata.name } },
    });
  });

  test("pods wait for requests longer than the server does, and run without privileges", () => {
    const [deployment] = documents("kubernetes/deployment.yaml");
    const { terminationGracePeriodSeconds, containers, securityContext } = (
      deployment as never as { spec: { template: { spec: Record<string, never> } } }
    ).spec.template.spec;
    const [container] = containers as never as { args: string[]; securityContext: object }[];
    const seconds = (option: string) =>
      Number(container!.args.find((each) => each.startsWith(`--${option}=`))!.split("=")[1]);
    expect(terminationGracePeriodSeconds).toBeGreaterThan(seconds("drain-delay") + seconds("shutdown-timeout"));
    expect(securityContext).toMatchObject({ runAsNonRoot: true });
    expect(container!.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
  });
});

test("KServe's InferenceService is as its reference says, and its pod as Kubernetes says", () => {
  const [service] = documents("kubernetes/kserve.yaml");
  const validate = new Ajv({ strict: false }).compile(inferenceService);
  validate(service);
  expect(validate.errors).toBeNull();
  const predictor = (service as never as { spec: { predictor: Record<string, never> } }).spec.predictor;
  const spec = Object.fromEntries(Object.entries(predictor).filter(([name]) => !predictorFields.includes(name)));
  new Pod({ metadata: { name: "p" }, spec } as never).validate();
});

describe("containers", () => {
  test("the Dockerfile copies what there is, drops root, and checks its health", () => {
    const lines = read("Dockerfile")
      .replaceAll(/\\\n/g, " ")
      .split("\n")
      .filter((line) => /^[A-Z]/.test(line));
    const instructions = new Set(lines.map((line) => line.split(" ")[0]));
    for (const each of ["FROM", "WORKDIR", "COPY", "RUN", "ARG", "USER", "HEALTHCHECK", "ENTRYPOINT", "CMD", "EXPOSE"])
      expect(instructions).toContain(each);
    const copied = lines
      .filter((line) => /^COPY (?!--from)/.test(line))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    for (const path of copied.filter((each) => !each.includes("*")))
      expect([path, existsSync(join(root, path))]).toEqual([path, true]);
    expect(lines.filter((line) => line.startsWith("USER"))).toEqual(["USER node"]);
    for (const line of lines.filter((each) => /^(ENTRYPOINT|CMD)/.test(each)))
      expect(JSON.parse(line.replace(/^\w+ /, ""))).toBeInstanceOf(Array);
    expect(lines.find((line) => line.startsWith("HEALTHCHECK"))).toContain("/v2/health/ready");
  });

  test("the image keeps everything that the packages publish", () => {
    const removal = /find packages -mindepth 2 -maxdepth 2 (.*) -exec/.exec(read("Dockerfile").replaceAll("\\\n", ""))!;
    const kept = [...removal[1]!.matchAll(/! -name (\S+)/g)].map(([, name]) => name);
    for (const name of ["cli", "engine", "graph", "server", "toolkit", "web"]) {
      const { files } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
      expect(kept).toEqual(expect.arrayContaining(files.filter((file: string) => !file.startsWith("!"))));
    }
  });

  test("compose builds that file, publishes on this machine only, and waits for a graceful end", () => {
    const { services } = parse(read("compose.yaml")) as { services: { subbyte: Record<string, never> } };
    const { build, ports, read_only, cap_drop } = services.subbyte;
    expect(build).toEqual({ context: "..", dockerfile: "deploy/Dockerfile" });
    for (const port of ports as string[]) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect({ read_only, cap_drop }).toEqual({ read_only: true, cap_drop: ["ALL"] });
  });
});
