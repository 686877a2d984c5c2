import { load, preprocess } from "@subbyte/engine";
import { decodeBytes } from "@subbyte/toolkit/decode";
import { beforeAll, describe, expect, test } from "vitest";
import {
  classify,
  form,
  LABELS,
  modelFolder,
  PREPROCESSING,
  picture,
  png,
  testModel,
  testServer,
  until,
} from "../test/models.js";
import { gate } from "../test/threads.js";
import type { RunningServer } from "./server.js";

let server: RunningServer;
beforeAll(async () => {
  server = await testServer({ models: modelFolder({ "alpha.sbq": testModel(1, 4), "beta.sbq": testModel(2, 8) }) });
});
const get = (path: string) => fetch(server.url + path);

/** The logits that `evaluate` computes for a file. */
async function expectedLogits(seed: number, bits: number, file: Uint8Array): Promise<number[]> {
  const model = await load(testModel(seed, bits));
  return Array.from(await model.run(preprocess(await decodeBytes(file), PREPROCESSING)));
}

describe("the server", () => {
  test("is live and ready, and says what it is", async () => {
    expect((await get("/v2/health/live")).status).toBe(200);
    expect((await get("/v2/health/ready")).status).toBe(200);
    expect(await (await get("/v2")).json()).toMatchObject({ name: "subbyte", extensions: expect.any(Array) });
    expect(await (await get("/v2/models/alpha")).json()).toEqual({
      name: "alpha",
      versions: ["1"],
      platform: "sbq_sbqv1",
      inputs: [{ name: "input", datatype: "FP32", shape: [-1, 3, 8, 8] }],
      outputs: [{ name: "output", datatype: "FP32", shape: [-1, 10] }],
    });
  });

  test("echoes request ids, sends security headers, and no CORS", async () => {
    const response = await fetch(`${server.url}/v2`, {
      headers: { "x-request-id": "mine-7", origin: "http://a.example" },
    });
    expect(response.headers.get("x-request-id")).toBe("mine-7");
    expect(response.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(response.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect(response.headers.get("content-security-policy")).toContain("'wasm-unsafe-eval'");
  });
});

test("while models load and warm up the server is live and not ready, and ready after that", async () => {
  const opening = gate("true", "describe");
  const log: string[] = [];
  const models = modelFolder({ "alpha.sbq": testModel(1) });
  const starting = testServer({ models, log: { stream: { write: (line) => log.push(line) } } }, opening);
  const address = () => /http:\/\/127\.0\.0\.1:\d+/.exec(log.join(""))?.[0];
  await until(() => address() !== undefined);
  const url = address()!;
  const status = async (path: string) => (await fetch(url + path)).status;
  expect(await status("/v2/health/live")).toBe(200);
  expect(await status("/v2/health/ready")).toBe(503);
  expect(await status("/v2/models/alpha/ready")).not.toBe(200);
  expect((await classify(url, "alpha", await png(1))).status).toBeGreaterThanOrEqual(400);
  opening.open();
  await starting;
  for (const path of ["/v2/health/ready", "/v2/models/alpha/ready"]) expect(await status(path)).toBe(200);
  expect((await classify(url, "alpha", await png(1))).status).toBe(200);
});

describe("POST /classify", () => {
  test("gives the logits of evaluate, bit for bit, for many images and several formats", async () => {
    const images = await Promise.all([
      png(1),
      png(2, 40, 9),
      picture(3, 31, 33).jpeg().toBuffer(),
      picture(4).webp({ lossless: true }).toBuffer(),
      picture(5).withMetadata({ orientation: 6 }).png().toBuffer(),
      picture(6).ensureAlpha(0.5).png().toBuffer(),
      picture(7).greyscale().toColourspace("b-w").png().toBuffer(),
      picture(8).toColourspace("cmyk").jpeg().toBuffer(),
      picture(9).toColourspace("rgb16").png().toBuffer(),
    ]);
    const response = await fetch(`${server.url}/classify`, {
      method: "POST",
      body: form({ model: "alpha", top_k: "3", logits: "true" }, images),
    });
    expect(response.status).toBe(200);
    const answers = (await response.json()) as Record<string, never>[];
    expect(answers).toHaveLength(images.length);
    for (const [i, answer] of answers.entries()) {
      const logits = await expectedLogits(1, 4, images[i]!);
      const best = logits.indexOf(Math.max(...logits));
      expect(answer).toMatchObject({ label: LABELS[best], index: best, model: "alpha", version: "1", logits });
      expect(answer.top_k).toHaveLength(3);
      for (const time of ["inference_time", "queue_time", "decode_time", "compute_time"])
        expect(answer[time]).toBeGreaterThanOrEqual(0);
    }
  });

  test("a network of one size gets what just covers it of any image, as classify of the engine gives it", async () => {
    const preprocessing = { ...PREPROCESSING, resize: "exact" } as const;
    const { resizeTo: _, ...exact } = preprocessing;
    const { url } = await testServer({ models: modelFolder({ "exact.sbq": testModel(3, 8, exact) }) });
    const file = await png(1, 40, 23);
    const [answer] = (await (
      await fetch(`${url}/classify`, { method: "POST", body: form({ top_k: "10" }, [file]) })
    ).json()) as { top_k: { index: number }[] }[];
    const model = await load(testModel(3, 8, exact));
    const ranked = await model.classify(await decodeBytes(file), { topK: 10 });
    expect(answer!.top_k.map(({ index }) => index)).toEqual(ranked.map(({ index }) => index));
  });

  test("one damaged image among good ones has an error of its own", async () => {
    const response = await fetch(`${server.url}/classify`, {
      method: "POST",
      body: form({ model: "alpha" }, [await png(1), Buffer.from("no picture")]),
    });
    const [good, bad] = (await response.json()) as Record<string, never>[];
    expect(response.status).toBe(200);
    expect(good).toHaveProperty("label");
    expect(bad).toMatchObject({ label: null, error: { code: "invalid-image" } });
  });
});

describe("POST /v2/models/NAME/infer", () => {
  const infer = (body: unknown) =>
    fetch(`${server.url}/v2/models/alpha/infer`, { method: "POST", body: JSON.stringify(body) });

  test("takes real values and gives logits", async () => {
    const values = Array.from({ length: 2 * 192 }, (_, i) => Math.sin(i));
    const response = await infer({
      id: "42",
      inputs: [{ name: "input", datatype: "FP32", shape: [2, 3, 8, 8], data: values }],
    });
    expect(response.status).toBe(200);
    const model = await load(testModel(1, 4));
    expect(await response.json()).toEqual({
      model_name: "alpha",
      model_version: "1",
      id: "42",
      outputs: [
        {
          name: "output",
          datatype: "FP32",
          shape: [2, 10],
          data: Array.from(await model.run(Float32Array.from(values))),
        },
      ],
    });
  });

  test("refuses another shape with what it takes", async () => {
    const response = await infer({ inputs: [{ name: "input", datatype: "FP32", shape: [1, 2], data: [1, 2] }] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: "invalid-tensor",
      error: expect.stringContaining("[-1,3,8,8]"),
    });
  });
});

describe("the page's models", () => {
  test("GET /api/models has all about them, and files have addresses by content", async () => {
    const { models, problems } = (await (await get("/api/models")).json()) as {
      models: Record<string, never>[];
      problems: [];
    };
    expect(problems).toEqual([]);
    expect(models.map(({ name, bits, isDefault }) => [name, bits, isDefault])).toEqual([
      ["alpha", 4, true],
      ["beta", 8, false],
    ]);
    expect(models[0]).toMatchObject({
      kind: "sbq",
      labels: LABELS,
      classes: 10,
      preprocessing: PREPROCESSING,
      accuracy: { "test images": 0.875 },
      bytes: testModel(1, 4).length,
    });
    const file = await get(String(models[0]!.url));
    expect(file.headers.get("cache-control")).toContain("immutable");
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(testModel(1, 4));
    const again = await fetch(`${server.url}/models/alpha.sbq`, {
      headers: { "if-none-match": file.headers.get("etag")! },
    });
    expect(again.status).toBe(304);
  });

  test("GET /metrics counts by the names of Triton", async () => {
    const text = await (await get("/metrics")).text();
    expect(text).toMatch(/nv_inference_request_success\{model="alpha",version="1"\} \d+/);
    expect(text).toContain("nv_inference_pending_request_count");
    expect(text).toContain("process_resident_memory_bytes");
  });

  test("GET /docs/json describes every route: what it takes, gives, and answers to mistakes", async () => {
    const document = (await (await get("/docs/json")).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { summary?: string; requestBody?: object; responses: object }>>;
    };
    expect(document.openapi).toBe("3.0.3");
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path: `${method} ${path}`, operation })),
    );
    expect(described.filter(({ operation }) => operation.summary === undefined).map(({ path }) => path)).toEqual([]);
    expect(described.map(({ path }) => path)).toEqual(expect.arrayContaining(["post /classify", "post /score"]));
    for (const { operation } of described) expect(Object.keys(operation.responses)).toEqual(["200", "503", "4XX"]);
    expect(document.paths["/classify"]!.post!.requestBody).toHaveProperty(["content", "multipart/form-data"]);
    expect((await get("/docs/")).headers.get("content-type")).toContain("text/html");
  });
});
