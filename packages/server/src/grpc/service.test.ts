import { join } from "node:path";
import {
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { load } from "@subbyte/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LABELS, modelFolder, png, testModel, testServer } from "../../test/models.js";

const options = { keepCase: true, longs: Number, defaults: true };
const definition = loadSync(join(import.meta.dirname, "../../test/open_inference.proto"), options);
const Service = (loadPackageDefinition(definition).inference as GrpcObject)
  .GRPCInferenceService as ServiceClientConstructor;

let client: InstanceType<ServiceClientConstructor>;
beforeAll(async () => {
  const models = modelFolder({ "digits.sbq": testModel(1) });
  const server = await testServer({ models, grpcPort: 0, token: "secret" });
  client = new Service(`127.0.0.1:${server.grpcPort}`, credentials.createInsecure());
});
afterAll(() => client.close());

function call(method: string, request: object, token = "secret"): Promise<Record<string, never>> {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return new Promise((resolve, reject) => {
    client[method]!(request, metadata, (error: ServiceError | null, response: Record<string, never>) =>
      error ? reject(error) : resolve(response),
    );
  });
}

const values = Float32Array.from({ length: 192 }, (_, i) => Math.fround(Math.cos(i)));

describe("the six calls of the Open Inference Protocol", () => {
  test("health and metadata", async () => {
    expect(await call("ServerLive", {})).toEqual({ live: true });
    expect(await call("ServerReady", {})).toEqual({ ready: true });
    expect(await call("ModelReady", { name: "digits" })).toEqual({ ready: true });
    expect(await call("ServerMetadata", {})).toMatchObject({
      name: "subbyte",
      extensions: expect.arrayContaining(["statistics"]),
    });
    expect(await call("ModelMetadata", { name: "digits", version: "1" })).toEqual({
      name: "digits",
      versions: ["1"],
      platform: "sbq_sbqv1",
      inputs: [{ name: "input", datatype: "FP32", shape: [-1, 3, 8, 8] }],
      outputs: [{ name: "output", datatype: "FP32", shape: [-1, 10] }],
    });
  });

  test("ModelInfer with typed and with raw contents", async () => {
    const expected = await (await load(testModel(1))).run(values);
    const input = { name: "input", datatype: "FP32", shape: [1, 3, 8, 8] };
    const typed = await call("ModelInfer", {
      model_name: "digits",
      id: "7",
      inputs: [{ ...input, contents: { fp32_contents: Array.from(values) } }],
      outputs: [{ name: "output" }],
    });
    expect(typed).toMatchObject({ model_name: "digits", model_version: "1", id: "7", raw_output_contents: [] });
    expect(typed.outputs[0]).toMatchObject({ name: "output", datatype: "FP32", shape: [1, 10] });
    expect(
      Float32Array.from((typed.outputs[0] as { contents: { fp32_contents: number[] } }).contents.fp32_contents),
    ).toEqual(expected);
    const raw = await call("ModelInfer", {
      model_name: "digits",
      inputs: [input],
      raw_input_contents: [Buffer.from(values.buffer)],
    });
    const [bytes] = raw.raw_output_contents as unknown as Buffer[];
    expect(new Float32Array(new Uint8Array(bytes!).buffer)).toEqual(expected);
  });

  test("an output as its likeliest classes, typed and raw", async () => {
    const request = {
      model_name: "digits",
      inputs: [{ name: "input", datatype: "FP32", shape: [1, 3, 8, 8] }],
      outputs: [{ name: "output", parameters: { classification: { int64_param: 3 } } }],
    };
    const logits = await (await load(testModel(1))).run(values);
    const best = Array.from(logits.keys())
      .sort((a, b) => logits[b]! - logits[a]!)
      .slice(0, 3)
      .map((index) => `${logits[index]}:${index}:${LABELS[index]}`);
    const contents = { fp32_contents: Array.from(values) };
    const typed = await call("ModelInfer", { ...request, inputs: [{ ...request.inputs[0], contents }] });
    expect(typed.outputs[0]).toMatchObject({ datatype: "BYTES", shape: [1, 3] });
    const { bytes_contents } = (typed.outputs[0] as { contents: { bytes_contents: Buffer[] } }).contents;
    expect(bytes_contents.map(String)).toEqual(best);
    const raw = await call("ModelInfer", { ...request, raw_input_contents: [Buffer.from(values.buffer)] });
    const [bytes] = raw.raw_output_contents as unknown as Buffer[];
    expect(bytes!.readUInt32LE(0)).toBe(best[0]!.length);
    expect(bytes!.subarray(4, 4 + best[0]!.length).toString()).toBe(best[0]);
  });

  test("image files as BYTES", async () => {
    const image = await png(4);
    const answer = await call("ModelInfer", {
      model_name: "digits",
      inputs: [{ name: "input", datatype: "BYTES", shape: [2], contents: { bytes_contents: [image, image] } }],
    });
    expect(answer.outputs[0]).toMatchObject({ shape: [2, 10] });
  });

  test.each([
    ["an unknown model", { model_name: "nothing" }, status.NOT_FOUND],
    ["no input", { model_name: "digits" }, status.INVALID_ARGUMENT],
    [
      "another shape",
      {
        model_name: "digits",
        inputs: [{ name: "input", datatype: "FP32", shape: [1], contents: { fp32_contents: [1] } }],
      },
      status.INVALID_ARGUMENT,
    ],
    [
      "fewer raw contents",
      {
        model_name: "digits",
        inputs: [{ name: "input", datatype: "FP32", shape: [1, 3, 8, 8] }],
        raw_input_contents: [Buffer.alloc(4), Buffer.alloc(4)],
      },
      status.INVALID_ARGUMENT,
    ],
    [
      "a count of classes that is none",
      {
        model_name: "digits",
        inputs: [{ name: "input", datatype: "FP32", shape: [1, 3, 8, 8] }],
        outputs: [{ name: "output", parameters: { classification: { string_param: "two" } } }],
        raw_input_contents: [Buffer.from(values.buffer)],
      },
      status.INVALID_ARGUMENT,
    ],
    [
      "no image",
      {
        model_name: "digits",
        inputs: [{ name: "input", datatype: "BYTES", shape: [1], contents: { bytes_contents: [Buffer.from("x")] } }],
      },
      status.INVALID_ARGUMENT,
    ],
  ])("%s is refused", async (_, request, code) => {
    await expect(call("ModelInfer", request)).rejects.toMatchObject({ code });
  });

  test("bytes that are no message are the client's fault, and a token is required", async () => {
    const malformed = new Promise((resolve, reject) => {
      const metadata = new Metadata();
      metadata.set("authorization", "Bearer secret");
      client.makeUnaryRequest(
        "/inference.GRPCInferenceService/ModelInfer",
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from([0xff, 0xff, 0xff]),
        metadata,
        (error, response) => (error ? reject(error) : resolve(response)),
      );
    });
    await expect(malformed).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await expect(call("ModelMetadata", { name: "digits" }, "wrong")).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
    });
    expect(await call("ServerLive", {}, "wrong")).toEqual({ live: true });
  });
});
