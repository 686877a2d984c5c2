/** @file Clients of ONNX Runtime Server, of KServe v1, and the predecessor's front end. */

import { load } from "@subbyte/engine";
import protobuf from "protobufjs";
import { beforeAll, describe, expect, test } from "vitest";
import { form, LABELS, modelFolder, png, testModel, testServer } from "../../test/models.js";

/** As a client of ONNX Runtime Server has them, from its `predict.proto` and ONNX's `onnx-ml.proto`. */
const { root } = protobuf.parse(
  `syntax = "proto3"; package onnxruntime.server;
   message TensorProto { repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; string name = 8; bytes raw_data = 9; }
   message PredictRequest { reserved 1; map<string, TensorProto> inputs = 2; repeated string output_filter = 3; }
   message PredictResponse { map<string, TensorProto> outputs = 1; }`,
  { keepCase: true },
);
const PredictRequest = root.lookupType("onnxruntime.server.PredictRequest");
const PredictResponse = root.lookupType("onnxruntime.server.PredictResponse");
const encode = (value: object) =>
  PredictRequest.encode(PredictRequest.fromObject(value)).finish() as Uint8Array<ArrayBuffer>;

interface Answer {
  readonly outputs: Readonly<
    Record<string, { dims: string[]; data_type: number; raw_data?: Buffer; float_data?: number[] }>
  >;
}
const decode = (bytes: ArrayBuffer): Answer =>
  PredictResponse.toObject(PredictResponse.decode(new Uint8Array(bytes)), { longs: String }) as Answer;

let url: string;
beforeAll(async () => {
  url = (await testServer({ models: modelFolder({ "w4.sbq": testModel(1, 4), "w8.sbq": testModel(2, 8) }) })).url;
});
const post = (path: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(url + path, { method: "POST", headers, body });

const values = Float32Array.from({ length: 192 }, (_, i) => Math.fround(Math.cos(i)));
const rawInput = { dims: [1, 3, 8, 8], data_type: 1, raw_data: Buffer.from(values.buffer) };
const typedInput = { dims: [1, 3, 8, 8], data_type: 1, float_data: Array.from(values) };
const expected = async (seed: number, bits: number) => (await load(testModel(seed, bits))).run(values);

describe("ONNX Runtime Server's predict", () => {
  test.each([
    "/v1/models/default/versions/1:predict",
    "/v1/models/w4/versions/1:predict",
    "/v1/models/w4:predict",
    "/score",
  ])("protobuf to %s", async (path) => {
    const response = await post(path, encode({ inputs: { input: rawInput } }), {
      "content-type": "application/x-protobuf",
      "x-ms-client-request-id": "client-1",
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("x-ms-client-request-id")).toBe("client-1");
    expect(response.headers.get("x-ms-request-id")).toBeTruthy();
    const { output } = decode(await response.arrayBuffer()).outputs;
    expect(output).toMatchObject({ dims: ["1", "10"], data_type: 1 });
    expect(new Float32Array(new Uint8Array(output!.raw_data!).buffer)).toEqual(await expected(1, 4));
  });

  test("typed fields in, typed fields out; the filter chooses outputs", async () => {
    const response = await post(
      "/v1/models/w8/versions/1:predict",
      encode({ inputs: { input: typedInput }, output_filter: ["output"] }),
      { "content-type": "application/octet-stream", accept: "application/vnd.google.protobuf" },
    );
    expect(response.headers.get("content-type")).toBe("application/vnd.google.protobuf");
    const { output } = decode(await response.arrayBuffer()).outputs;
    expect(Float32Array.from(output!.float_data!)).toEqual(await expected(2, 8));
  });

  test("JSON: int64 as strings, bytes as base64", async () => {
    const body = JSON.stringify({
      inputs: { input: { dims: ["1", "3", "8", "8"], dataType: 1, rawData: rawInput.raw_data.toString("base64") } },
      outputFilter: ["output"],
    });
    const response = await post("/v1/models/default/versions/1:predict", body, {
      "content-type": "application/json",
      accept: "application/json",
    });
    const rawData = Buffer.from((await expected(1, 4)).buffer).toString("base64");
    expect(await response.json()).toEqual({
      outputs: { output: { dims: ["1", "10"], dataType: 1, rawData, dataLocation: "DEFAULT" } },
    });
  });

  test.each([
    ["no content type", "/score", Buffer.from([]), { "content-type": "text/plain" }],
    [
      "another answer",
      "/score",
      encode({ inputs: { input: rawInput } }),
      { "content-type": "application/x-protobuf", accept: "text/html" },
    ],
    [
      "an unknown output",
      "/score",
      encode({ inputs: { input: rawInput }, output_filter: ["x"] }),
      { "content-type": "application/x-protobuf" },
    ],
    ["no inputs", "/score", encode({}), { "content-type": "application/x-protobuf" }],
    ["malformed protobuf", "/score", Buffer.from([0xff, 0xff]), { "content-type": "application/x-protobuf" }],
    ["malformed JSON", "/score", Buffer.from("{"), { "content-type": "application/json" }],
    [
      "wrong JSON types",
      "/score",
      Buffer.from('{"inputs":{"input":{"dims":"x"}}}'),
      { "content-type": "application/json" },
    ],
  ])("%s is an error in its form", async (_, path, body, headers) => {
    const response = await post(path, body, headers);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_code: 400, error_message: expect.any(String) });
  });

  test("an unknown model is 404, another verb too", async () => {
    const headers = { "content-type": "application/json" };
    expect((await post("/v1/models/nothing:predict", "{}", headers)).status).toBe(404);
    expect((await post("/v1/models/w4:explain", "{}", headers)).status).toBe(404);
  });
});

describe("KServe v1", () => {
  test("instances give predictions", async () => {
    const instance = Array.from({ length: 3 }, (_, c) =>
      Array.from({ length: 8 }, (_, h) => Array.from(values.subarray((c * 8 + h) * 8, (c * 8 + h + 1) * 8))),
    );
    const response = await post("/v1/models/w4:predict", JSON.stringify({ instances: [instance, instance] }), {
      "content-type": "application/json",
    });
    const logits = Array.from(await expected(1, 4));
    expect(await response.json()).toEqual({ predictions: [logits, logits] });
    const image = { b64: (await png(1)).toString("base64") };
    const images = await post("/v1/models/w4:predict", JSON.stringify({ instances: [image] }), {
      "content-type": "application/json",
    });
    expect(((await images.json()) as { predictions: number[][] }).predictions[0]).toHaveLength(10);
    expect(await (await fetch(`${url}/v1/models/w4`)).json()).toEqual({ name: "w4", ready: true });
  });
});

describe("the predecessor's front end", () => {
  test.each([
    ["4", "w4"],
    ["8", "w8"],
  ])("model_type %s and images of any kind", async (model_type, model) => {
    const response = await fetch(`${url}/classify`, {
      method: "POST",
      body: form({ model_type }, [await png(1), await png(2)]),
    });
    const answers = (await response.json()) as { label: string; inference_time: number; model: string }[];
    expect(answers).toHaveLength(2);
    for (const answer of answers) {
      expect(LABELS).toContain(answer.label);
      expect(Number.isInteger(answer.inference_time)).toBe(true);
      expect(answer.model).toBe(model);
    }
  });

  test.each(["32", "5", "banana"])(
    "model_type %s, which there is not, is 4xx and says which there are",
    async (model_type) => {
      const response = await fetch(`${url}/classify`, { method: "POST", body: form({ model_type }, [await png(1)]) });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(await response.json()).toMatchObject({ code: expect.any(String), action: expect.stringMatching(/8, /) });
    },
  );
});
