/** @file Generated bad requests over all endpoints: everything that a broken or hostile client may send. */

import { connect } from "node:net";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { Random } from "../../engine/test/programs.js";
import type { RunningServer } from "../src/server.js";
import { ESCAPED } from "./enclosure.js";
import { bomb } from "./models.js";

/** What a server must not do. */
export interface Fault {
  readonly request: string;
  readonly problem: string;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly count: number;
  /** A good image, to be damaged. */
  readonly image: Uint8Array;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

const text = (value: string): Uint8Array => Buffer.from(value, "latin1");
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** Models that there are, that there are not, and names that are paths. */
const names = [
  "a",
  "default",
  "nothing",
  "..",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "a%00",
  "a/../../b",
  "%ff",
  "a".repeat(300),
  "__proto__",
  "",
];
const versions = ["1", "2", "-1", "1e3", "..%2f..", "99999999999999999999", ""];
const types = [
  "application/json",
  "application/octet-stream",
  "application/x-protobuf",
  "multipart/form-data",
  "multipart/form-data; boundary=",
  "multipart/form-data; boundary=x",
  "text/plain",
  "image/png",
  ";;;",
  "",
];
const values: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  1.5,
  2 ** 53,
  "",
  "x",
  "\u0000",
  [],
  {},
  [[]],
  { a: {} },
  "FP32",
  "BYTES",
  [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]],
];
/** Files that are no images, or worse. */
const files: readonly Uint8Array[] = [
  new Uint8Array(0),
  text("no picture"),
  text('<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"><rect width="100%" height="100%"/></svg>'),
  text("GIF89a\xff\xff\xff\xff\x00\x00\x00"),
  bomb(),
  text("%PDF-1.4\n"),
  text("RIFF\x10\x00\x00\x00WEBPVP8 \x00\x00\x00\x00"),
  text("II*\x00\xff\xff\xff\xff"),
];

export async function fuzz(server: RunningServer, { seed, count, image }: FuzzOptions): Promise<Fault[]> {
  const random = new Random(seed);
  const faults: Fault[] = [];
  const client =
    server.grpcPort === undefined
      ? undefined
      : new Client(`127.0.0.1:${server.grpcPort}`, credentials.createInsecure());
  for (let i = 0; i < count; i++) {
    const kind = random.integer(0, 19);
    if (kind === 0) await check(faults, "raw bytes", () => sendRaw(server.port, rawRequest(random)));
    else if (kind === 1 && client !== undefined) await check(faults, `gRPC ${i}`, () => sendGrpc(client, random));
    else {
      const sent = request(random, image);
      await check(
        faults,
        `${i}: ${sent.method} ${sent.path} ${JSON.stringify(sent.headers)} ${preview(sent.body)}`,
        () => send(server.url, sent),
      );
    }
  }
  client?.close();
  return faults;
}

async function check(faults: Fault[], request: string, attempt: () => Promise<string | undefined>): Promise<void> {
  const problem = await attempt().catch((error: unknown) => `failed: ${String((error as Error).cause ?? error)}`);
  if (problem !== undefined) faults.push({ request, problem });
}

const preview = (body: Uint8Array | undefined): string =>
  body === undefined ? "" : JSON.stringify(Buffer.from(body.subarray(0, 160)).toString("latin1"));

const pick = <T>(random: Random, list: readonly T[]): T => list[random.integer(0, list.length - 1)]!;

function request(random: Random, image: Uint8Array): Sent {
  switch (random.integer(0, 5)) {
    case 0:
      return { method: "POST", path: "/classify", ...formRequest(random, image) };
    case 1:
      return { method: "POST", path: modelPath(random, "/infer"), ...inferRequest(random) };
    case 2:
      return {
        method: "POST",
        path: pick(random, [
          "/score",
          `/v1/models/${pick(random, names)}/versions/${pick(random, versions)}:predict`,
          `/v1/models/${pick(random, names)}:${pick(random, ["predict", "classify", "x", ""])}`,
        ]),
        ...predictRequest(random),
      };
    case 3:
      return {
        method: "POST",
        path: pick(random, [
          "/v2/repository/index",
          `/v2/repository/models/${pick(random, names.slice(2))}/${pick(random, ["load", "unload"])}`,
        ]),
        headers: headers(random),
        body: damaged(random, json(pick(random, values))),
      };
    case 4:
      return {
        method: pick(random, ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]),
        path: pick(random, [
          modelPath(random, pick(random, ["", "/ready", "/stats", "/infer", "/x"])),
          `/models/${pick(random, names)}.sbq`,
          `/models/${pick(random, names)}.json`,
          `/models/samples/${pick(random, names)}.png`,
          "/api/models",
          "/v2/models/stats",
          "/v2/health/ready",
          "/..%2f..%2fetc/passwd",
          "/%",
          "/metrics",
          "/v1/models",
          "/docs/%2e%2e/x",
        ]),
        headers: headers(random),
      };
    default:
      return {
        method: "POST",
        path: pick(random, ["/classify", "/score", "/v2/models/a/infer", "/v2", "/"]),
        headers: headers(random),
        body: random.bytes(random.integer(0, 400)),
      };
  }
}

const modelPath = (random: Random, end: string): string =>
  `/v2/models/${pick(random, names)}${random.integer(0, 1) ? `/versions/${pick(random, versions)}` : ""}${end}`;

function headers(random: Random): Record<string, string> {
  return {
    ...(random.integer(0, 3) ? { "content-type": pick(random, types) } : {}),
    ...(random.integer(0, 3)
      ? {}
      : { "inference-header-content-length": pick(random, ["0", "-1", "7", "999999", "x", "1e2", ""]) }),
    ...(random.integer(0, 7) ? {} : { accept: pick(random, ["text/html", "application/json", "*/*", "x"]) }),
    ...(random.integer(0, 7) ? {} : { "x-request-id": pick(random, ["a".repeat(500), "ok", "a b", '"{']) }),
  };
}

/** Bytes cut, changed, doubled or left. */
function damaged(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  switch (random.integer(0, 4)) {
    case 0:
      return copy.subarray(0, random.integer(0, copy.length));
    case 1:
      for (let n = random.integer(1, 6); n > 0 && copy.length > 0; n--)
        copy[random.integer(0, copy.length - 1)] = random.integer(0, 255);
      return copy;
    case 2:
      return Buffer.concat([copy, copy.subarray(random.integer(0, copy.length))]);
    default:
      return copy;
  }
}

function formRequest(random: Random, image: Uint8Array): Pick<Sent, "headers" | "body"> {
  const boundary = "----fuzz";
  const parts: Uint8Array[] = [];
  for (let n = pick(random, [0, 1, 2, 3, 70]); n > 0; n--) {
    const content = random.integer(0, 2) ? pick(random, files) : damaged(random, image);
    const filename = pick(random, [
      '; filename="a.png"',
      `; filename="../../../tmp/${ESCAPED}"`,
      `; filename="../${ESCAPED}"`,
      "; filename=",
      "",
      '; filename="\u00ff\u0001"',
    ]);
    parts.push(
      text(`--${boundary}\r\nContent-Disposition: form-data; name="images"${filename}\r\n\r\n`),
      content,
      text("\r\n"),
    );
  }
  for (const field of ["model", "model_type", "top_k", "version", "logits", "__proto__", "x"])
    if (random.integer(0, 4) === 0)
      parts.push(
        text(
          `--${boundary}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${pick(random, ["4", "32", "-1", "1e9", "a", "../a", "x".repeat(3000), "\u0000"])}\r\n`,
        ),
      );
  parts.push(text(`--${boundary}--\r\n`));
  const body = Buffer.concat(parts);
  return {
    headers: {
      "content-type": `multipart/form-data; boundary=${pick(random, [boundary, boundary, boundary, "other", ""])}`,
    },
    body: random.integer(0, 1) ? body : damaged(random, body),
  };
}

/** A good request with one part replaced, damaged, or sent as something else. */
function inferRequest(random: Random): Pick<Sent, "headers" | "body"> {
  const good: Record<string, unknown> = {
    id: "1",
    inputs: [
      { name: "input", shape: [1, 3, 8, 8], datatype: "FP32", data: Array.from({ length: 192 }, (_, i) => i / 192) },
    ],
    outputs: [{ name: "output", parameters: { classification: 3 } }],
  };
  if (random.integer(0, 4)) replaceSomewhere(random, good);
  const header = json(good);
  if (random.integer(0, 2)) return { headers: headers(random), body: damaged(random, header) };
  const length = pick(random, [header.length, header.length - 1, header.length + 1, 0]);
  return {
    headers: { ...headers(random), "inference-header-content-length": String(length) },
    body: Buffer.concat([header, random.bytes(random.integer(0, 900))]),
  };
}

/** Walks to a random place of the object and puts a random value there. */
function replaceSomewhere(random: Random, object: Record<string, unknown>): void {
  let place: Record<string, unknown> = object;
  for (;;) {
    const key = pick(random, Object.keys(place));
    const next = place[key];
    if (typeof next === "object" && next !== null && Object.keys(next).length > 0 && random.integer(0, 3)) {
      place = next as Record<string, unknown>;
      continue;
    }
    if (random.integer(0, 5) === 0) delete place[key];
    else place[key] = pick(random, values);
    return;
  }
}

function predictRequest(random: Random): Pick<Sent, "headers" | "body"> {
  if (random.integer(0, 1)) {
    const good: Record<string, unknown> = {
      inputs: { input: { dims: ["1", "3", "8", "8"], dataType: 1, rawData: "AAAA" } },
      outputFilter: ["output"],
      instances: undefined,
    };
    if (random.integer(0, 3) === 0) good.instances = pick(random, values);
    else replaceSomewhere(random, good);
    return { headers: { ...headers(random), "content-type": "application/json" }, body: damaged(random, json(good)) };
  }
  // inputs { key: "input", value: TensorProto { dims: 1, 3, 8, 8; data_type: 1; raw_data: … } }
  const raw = random.bytes(pick(random, [0, 3, 768]));
  const tensor = Buffer.concat([
    Buffer.from([0x0a, 4, 1, 3, 8, 8, 0x10, 1, 0x4a, (raw.length & 0x7f) | 0x80, raw.length >> 7]),
    raw,
  ]);
  const entry = Buffer.concat([
    Buffer.from([0x0a, 5]),
    text("input"),
    Buffer.from([0x12, (tensor.length & 0x7f) | 0x80, tensor.length >> 7]),
    tensor,
  ]);
  const message = Buffer.concat([Buffer.from([0x12, (entry.length & 0x7f) | 0x80, entry.length >> 7]), entry]);
  return { headers: { ...headers(random), "content-type": "application/x-protobuf" }, body: damaged(random, message) };
}

/** A problem of the answer, if there is one. */
async function send(url: string, { method, path, headers: given, body }: Sent): Promise<string | undefined> {
  const response = await fetch(url + path, {
    method,
    headers: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "")),
    redirect: "manual",
    signal: AbortSignal.timeout(240_000),
    ...(body === undefined || method === "GET" || method === "HEAD" ? {} : { body: body as Uint8Array<ArrayBuffer> }),
  });
  const answer = await response.text();
  if (response.status >= 500) return `status ${response.status}: ${answer.slice(0, 200)}`;
  if (response.status < 400 || method === "HEAD") return undefined;
  const { code, message, action } = JSON.parse(answer) as Record<string, unknown>;
  return [code, message, action].every((each) => typeof each === "string" && each !== "")
    ? undefined
    : `no code, message or action: ${answer.slice(0, 200)}`;
}

function rawRequest(random: Random): Uint8Array {
  const start = pick(random, [
    "GET / HTTP/1.1",
    "POST /classify HTTP/1.1",
    "GET / HTTP/9.9",
    "G\u0000T / HTTP/1.1",
    "POST /v2/models/a/infer HTTP/1.1",
    "PRI * HTTP/2.0",
    "",
  ]);
  const header = pick(random, [
    "Host: x",
    "Content-Length: -5",
    "Content-Length: 5\r\nContent-Length: 6",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: x",
    `X: ${"y".repeat(20_000)}`,
    "broken",
    ": x",
  ]);
  return Buffer.concat([
    text(`${start}\r\n${header}\r\nConnection: close\r\n\r\n`),
    random.bytes(random.integer(0, 60)),
    text("\r\n0\r\n\r\n"),
  ]);
}

/** Bytes on a connection: it must be answered or closed, never with a status of 5xx. */
function sendRaw(port: number, bytes: Uint8Array): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
    socket.setTimeout(240_000, () => {
      socket.destroy();
      resolve("the connection was neither answered nor closed");
    });
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    // A version of HTTP that is not supported has a 5xx of its own.
    socket.on("close", () => resolve(/^HTTP\/1\.1 5(?!05)/.test(answer) ? answer.slice(0, 200) : undefined));
  });
}

const methods = [
  "inference.GRPCInferenceService/ModelInfer",
  "inference.GRPCInferenceService/ModelMetadata",
  "inference.GRPCInferenceService/ModelReady",
  "inference.GRPCInferenceService/ServerLive",
  "inference.GRPCInferenceService/ServerReady",
  "inference.GRPCInferenceService/ServerMetadata",
  "onnxruntime.server.PredictionService/Predict",
  "inference.GRPCInferenceService/Nothing",
];

function sendGrpc(client: Client, random: Random): Promise<string | undefined> {
  const method = pick(random, methods);
  // model_name: "a", one input "input" of FP32 [1, 3, 8, 8], and no values.
  const good = Buffer.concat([
    Buffer.from([0x0a, 1, 0x61, 0x2a, 19, 0x0a, 5]),
    text("input"),
    Buffer.from([0x12, 4]),
    text("FP32"),
    Buffer.from([0x1a, 4, 1, 3, 8, 8]),
  ]);
  const body = Buffer.from(damaged(random, random.integer(0, 2) ? good : random.bytes(random.integer(0, 80))));
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      `/${method}`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      body,
      new Metadata(),
      { deadline: Date.now() + 240_000 },
      (error: ServiceError | null) => {
        const bad =
          error !== null &&
          [status.INTERNAL, status.UNKNOWN, status.UNAVAILABLE, status.DEADLINE_EXCEEDED].includes(error.code);
        resolve(bad ? `${method} ${body.toString("hex")}: ${error.message}` : undefined);
      },
    );
  });
}
