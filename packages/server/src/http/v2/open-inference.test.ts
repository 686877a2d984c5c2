/** @file A client that knows the protocol's text and nothing of this server. */

import { load } from "@subbyte/engine";
import { Ajv } from "ajv";
import { beforeAll, describe, expect, test } from "vitest";
import { LABELS, modelFolder, png, testModel, testServer } from "../../../test/models.js";
import { definitions, schemas } from "../../../test/open-inference-schema.js";

const ajv = new Ajv({ strict: false });
for (const definition of definitions) ajv.addSchema(definition);
const validators = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, ajv.compile(schema)]));

function expectValid(name: keyof typeof schemas, value: unknown): void {
  const validate = validators[name]!;
  expect(validate(value), `${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`).toBe(true);
}

let url: string;
beforeAll(async () => {
  const models = modelFolder({
    "digits/1/model.sbq": testModel(1),
    "digits/2/model.sbq": testModel(2),
    "other.sbq": testModel(3),
  });
  url = (await testServer({ models, versions: "all" })).url;
});

const floats = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i)));
const post = (path: string, body?: BodyInit, headers: Record<string, string> = {}) =>
  fetch(url + path, { method: "POST", headers, ...(body === undefined ? {} : { body }) });
/** The JSON of a request, as the protocol says. */
function requestOf(value: object): string {
  expectValid("inferRequest", value);
  return JSON.stringify(value);
}
const logitsOf = async (seed: number, input: Float32Array) => (await load(testModel(seed))).run(input);

describe("metadata, health and errors are as the published schema says", () => {
  test.each([
    ["/v2", "serverMetadata"],
    ["/v2/", "serverMetadata"],
    ["/v2/models/digits", "modelMetadata"],
    ["/v2/models/digits/versions/1", "modelMetadata"],
    ["/v2/models/stats", "statistics"],
    ["/v2/models/digits/stats", "statistics"],
    ["/v2/models/digits/versions/2/stats", "statistics"],
  ] as const)("GET %s", async (path, schema) => {
    const response = await fetch(url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("application/json");
    expectValid(schema, await response.json());
  });

  test.each([
    "/v2/models/nothing",
    "/v2/models/digits/versions/7",
    "/v2/models/nothing/stats",
    "/v2/models/nothing/ready",
    "/v2/models/digits/versions/7/stats",
  ])("GET %s is an error", async (path) => {
    const response = await fetch(url + path);
    expect(response.status).toBe(404);
    expectValid("error", await response.json());
  });

  test("versions are listed, and each is ready", async () => {
    const { versions } = (await (await fetch(`${url}/v2/models/digits`)).json()) as { versions: string[] };
    expect(versions).toEqual(["1", "2"]);
    for (const path of [
      "/v2/models/digits/ready",
      "/v2/models/digits/versions/1/ready",
      "/v2/health/live",
      "/v2/health/ready",
    ])
      expect((await fetch(url + path)).status).toBe(200);
  });
});

describe("infer", () => {
  test("JSON, flat and nested, with an id, of the version that is asked for", async () => {
    const values = floats(2 * 192);
    const nested = Array.from({ length: 2 }, (_, n) =>
      Array.from({ length: 3 }, (_, c) =>
        Array.from({ length: 8 }, (_, h) =>
          Array.from(values.subarray(((n * 3 + c) * 8 + h) * 8, ((n * 3 + c) * 8 + h + 1) * 8)),
        ),
      ),
    );
    for (const data of [Array.from(values), nested]) {
      const body = requestOf({
        id: "a-1",
        inputs: [{ name: "input", shape: [2, 3, 8, 8], datatype: "FP32", data }],
        outputs: [{ name: "output" }],
      });
      const response = await post("/v2/models/digits/versions/1/infer", body, { "content-type": "application/json" });
      const answer = (await response.json()) as never;
      expectValid("inferResponse", answer);
      expect(answer).toMatchObject({
        id: "a-1",
        model_version: "1",
        outputs: [{ data: Array.from(await logitsOf(1, values)) }],
      });
    }
  });

  test("binary tensors in, binary tensors out, without a content type too", async () => {
    const values = floats(192);
    const header = Buffer.from(
      requestOf({
        inputs: [{ name: "input", shape: [1, 3, 8, 8], datatype: "FP32", parameters: { binary_data_size: 768 } }],
        outputs: [{ name: "output", parameters: { binary_data: true } }],
      }),
    );
    const body = Buffer.concat([header, Buffer.from(values.buffer)]);
    for (const type of [{ "content-type": "application/octet-stream" }, { "content-type": "application/json" }, {}]) {
      const response = await post("/v2/models/digits/infer", body, {
        ...type,
        "inference-header-content-length": String(header.length),
      });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/octet-stream");
      const length = Number(response.headers.get("inference-header-content-length"));
      const bytes = await response.arrayBuffer();
      expect(Number(response.headers.get("content-length"))).toBe(bytes.byteLength);
      const { outputs } = JSON.parse(Buffer.from(bytes).subarray(0, length).toString()) as { outputs: object[] };
      expect(outputs).toEqual([
        { name: "output", shape: [1, 10], datatype: "FP32", parameters: { binary_data_size: 40 } },
      ]);
      expect(new Float32Array(bytes.slice(length))).toEqual(await logitsOf(2, values));
    }
  });

  test("binary_data_output makes all outputs binary; an output may say otherwise", async () => {
    const base = { inputs: [{ name: "input", shape: [1, 3, 8, 8], datatype: "FP32", data: Array.from(floats(192)) }] };
    const parameters = { binary_data_output: true };
    const binary = await post("/v2/models/digits/infer", requestOf({ ...base, parameters }));
    expect(binary.headers.get("inference-header-content-length")).not.toBeNull();
    const outputs = [{ name: "output", parameters: { binary_data: false } }];
    const json = await post("/v2/models/digits/infer", requestOf({ ...base, parameters, outputs }));
    expectValid("inferResponse", await json.json());
  });

  test("pixels as UINT8, an image file as BYTES, and a whole body without JSON", async () => {
    const pixels = new Uint8Array(192).map((_, i) => (i * 37) & 255);
    const expected = await (await load(testModel(2))).run(pixels);
    const json = await post(
      "/v2/models/digits/infer",
      requestOf({ inputs: [{ name: "input", shape: [1, 8, 8, 3], datatype: "UINT8", data: Array.from(pixels) }] }),
    );
    expect(await json.json()).toMatchObject({ outputs: [{ data: Array.from(expected) }] });

    const file = await png(3);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(file.length);
    const header = Buffer.from(
      requestOf({
        inputs: [{ name: "input", shape: [1], datatype: "BYTES", parameters: { binary_data_size: 4 + file.length } }],
        outputs: [{ name: "output", parameters: { classification: 2 } }],
      }),
    );
    const classified = await post("/v2/models/digits/infer", Buffer.concat([header, size, file]), {
      "inference-header-content-length": String(header.length),
    });
    const { outputs } = (await classified.json()) as {
      outputs: { datatype: string; shape: number[]; data: string[] }[];
    };
    expect(outputs[0]).toMatchObject({ datatype: "BYTES", shape: [1, 2] });
    const [value, index, label] = outputs[0]!.data[0]!.split(":");
    expect(label).toBe(LABELS[Number(index)]);

    const raw = await post("/v2/models/digits/infer", file, { "inference-header-content-length": "0" });
    const length = Number(raw.headers.get("inference-header-content-length"));
    const logits = new Float32Array((await raw.arrayBuffer()).slice(length));
    expect(logits[Number(index)]).toBe(Math.fround(Number(value)));
  });
});

describe("repository", () => {
  test("is listed, unloaded and loaded", async () => {
    expectValid("repositoryIndex", await (await post("/v2/repository/index", "{}")).json());
    expect((await post("/v2/repository/models/other/unload")).status).toBe(200);
    const unloaded = await fetch(`${url}/v2/models/other/ready`);
    expect(unloaded.status).toBe(503);
    const infer = await post(
      "/v2/models/other/infer",
      JSON.stringify({ inputs: [{ name: "input", shape: [1], datatype: "FP32", data: [1] }] }),
    );
    expect(infer.status).toBe(503);
    expectValid("error", await infer.json());
    const ready = (await (await post("/v2/repository/index", JSON.stringify({ ready: true }))).json()) as {
      name: string;
    }[];
    expect(ready.map(({ name }) => name)).toEqual(["digits", "digits"]);
    expect((await post("/v2/repository/models/other/load", "{}")).status).toBe(200);
    expect((await fetch(`${url}/v2/models/other/ready`)).status).toBe(200);
    for (const [path, body, status] of [
      ["/v2/repository/models/nothing/load", undefined, 404],
      ["/v2/repository/models/nothing/unload", undefined, 404],
      ["/v2/repository/models/other/load", "[]", 400],
      ["/v2/repository/index", "no JSON", 400],
    ] as const) {
      const failed = await post(path, body);
      expect(failed.status).toBe(status);
      expectValid("error", await failed.json());
    }
  });
});
