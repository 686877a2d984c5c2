import { float32, type Graph, GraphBuilder, int64, ModelError, type Tensor, writeOnnx } from "@subbyte/graph";
import { expect, test } from "vitest";
import { createSession } from "./session.js";

/** y = x · w and total = Σx, x float32[N, 3]. */
function product(): Graph {
  const g = new GraphBuilder("product");
  g.input("x", "float32", ["N", 3]);
  g.constant(float32([1, 0, 0, 2, 1, 1], [3, 2]), "w");
  g.output(g.op("MatMul", ["x", "w"], {}, { outputs: ["y"] }));
  g.output(g.op("ReduceSum", ["x"], { keepdims: 0 }, { outputs: ["total"] }));
  return g.build();
}

/** A graph that casts its input to the type `to`. */
function cast(from: Tensor["dtype"], to: number): Graph {
  const g = new GraphBuilder("cast");
  g.input("x", from, ["N"]);
  g.output(g.op("Cast", ["x"], { to }, { outputs: ["y"] }));
  return g.build();
}

test("runs a graph and its bytes, all outputs or some", async () => {
  const x = float32([1, 2, 3, 4, 5, 6], [2, 3]);
  for (const model of [product(), writeOnnx(product())]) {
    const session = await createSession(model, { threads: 1 });
    expect([session.inputs, session.outputs]).toEqual([["x"], ["y", "total"]]);
    const { y, total } = await session.run({ x });
    expect(y).toEqual(float32([4, 7, 10, 16], [2, 2]));
    expect(total).toEqual(float32([21], []));
    expect(Object.keys(await session.run({ x }, ["total"]))).toEqual(["total"]);
    await session.release();
  }
});

test("writes to given arrays", async () => {
  const session = await createSession(product(), { threads: 1 });
  const y = float32(new Float32Array(4), [2, 2]);
  const results = await session.run({ x: float32([1, 2, 3, 4, 5, 6], [2, 3]) }, ["total", "y"], { y });
  expect(results.y).toBe(y);
  expect(y).toEqual(float32([4, 7, 10, 16], [2, 2]));
  expect(results.total).toEqual(float32([21], []));
  const wrong = float32(new Float32Array(6), [3, 2]);
  await expect(session.run({ x: float32([1, 2, 3, 4, 5, 6], [2, 3]) }, ["y"], { y: wrong })).rejects.toThrow(
    ModelError,
  );
  await session.release();
});

test("carries every element type there and back", async () => {
  const onnxCodes = {
    float32: 1,
    uint8: 2,
    int8: 3,
    uint16: 4,
    int16: 5,
    int32: 6,
    int64: 7,
    bool: 9,
    float16: 10,
  } as const;
  const ones: Record<keyof typeof onnxCodes, Tensor["data"]> = {
    float32: Float32Array.of(0, 1),
    uint8: Uint8Array.of(0, 1),
    int8: Int8Array.of(0, 1),
    uint16: Uint16Array.of(0, 1),
    int16: Int16Array.of(0, 1),
    int32: Int32Array.of(0, 1),
    int64: BigInt64Array.of(0n, 1n),
    bool: Uint8Array.of(0, 1),
    float16: Uint16Array.of(0, 0x3c00),
  };
  for (const [dtype, data] of Object.entries(ones) as [keyof typeof onnxCodes, Tensor["data"]][]) {
    const there = await createSession(cast("float32", onnxCodes[dtype]), { threads: 1 });
    expect((await there.run({ x: float32([0, 1]) })).y, dtype).toEqual({ dtype, shape: [2], data });
    const back = await createSession(cast(dtype, onnxCodes.float32), { threads: 1 });
    expect((await back.run({ x: { dtype, shape: [2], data } })).y, dtype).toEqual(float32([0, 1]));
  }
});

test("sums have the same bits wherever the fed array lies in memory", async () => {
  const g = new GraphBuilder("sums");
  g.input("x", "float32", [1003]);
  g.output(g.op("ReduceSum", ["x"], { keepdims: 0 }, { outputs: ["total"] }));
  const session = await createSession(g.build(), { threads: 1 });
  const values = Float32Array.from({ length: 1003 }, (_, i) => Math.sin(i) * 10 ** (i % 7));
  const totals = new Set<number>();
  for (let offset = 0; offset < 8; offset++) {
    const data = new Float32Array(new ArrayBuffer(4 * 1011), 4 * offset, 1003);
    data.set(values);
    totals.add(((await session.run({ x: float32(data) })).total!.data as Float32Array)[0]!);
  }
  expect(totals.size).toBe(1);
});

test("keeps quantize/dequantize pairs where asked to", async () => {
  // 255·127 + 255·127 exceeds int16: the fused uint8×int8 kernel may saturate on some CPUs, plain operators never do.
  const g = new GraphBuilder("qdq");
  g.input("x", "float32", [1, 64]);
  const zero8 = g.constant({ dtype: "uint8", shape: [], data: Uint8Array.of(0) });
  const scale = g.scalar(1);
  const x = g.op("DequantizeLinear", [g.op("QuantizeLinear", ["x", scale, zero8]), scale, zero8]);
  const zero = g.constant({ dtype: "int8", shape: [], data: Int8Array.of(0) });
  const w = g.constant({ dtype: "int8", shape: [64, 1], data: new Int8Array(64).fill(127) });
  g.output(g.op("MatMul", [x, g.op("DequantizeLinear", [w, scale, zero])], {}, { outputs: ["y"] }));
  const session = await createSession(g.build(), { disableQuantQdq: true });
  const { y } = await session.run({ x: float32(new Float32Array(64).fill(255), [1, 64]) });
  expect(y!.data).toEqual(Float32Array.of(64 * 255 * 127));
});

test("failures are ModelErrors of one paragraph that name the graph and quote ONNX Runtime", async () => {
  const session = await createSession(product(), { threads: 1 });
  const cases: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
    [() => createSession(Uint8Array.of(1, 2, 3)), /^"ONNX model" cannot be loaded: ONNX Runtime says: .*protobuf/],
    [() => session.run({}), /^"product" cannot run: ONNX Runtime says: .*'x' is missing/],
    [() => session.run({ x: float32([1, 2], [1, 2]) }), /^"product" cannot run: .*: x .* Got: 2 Expected: 3/],
    [() => session.run({ x: int64([1, 2, 3], [1, 3]) }), /cannot run: ONNX Runtime says: Unexpected input data type/],
    [
      () => session.run({ x: float32(new Float32Array(5), [2, 3]) }),
      /float32\[2,3\] but holds 5 elements in a Float32Array/,
    ],
    [
      () => session.run({ x: { dtype: "int4", shape: [2], data: new Int8Array(2) } }),
      /"x" is int4, which cannot be fed/,
    ],
  ];
  for (const [action, text] of cases) {
    const error = await action().then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error).toBeInstanceOf(ModelError);
    expect(error!.message).toMatch(text);
    expect(error!.message).not.toMatch(/\n/);
  }
});
