/** @file Threads that die or throw: requests are retried or answered 503, and the pool recovers. */

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { classify, modelFolder, png, temporaryFolder, testModel, testServer, until } from "../../test/models.js";
import { gate, scriptWith } from "../../test/threads.js";

describe("a thread", () => {
  test("that is ended under load: its requests are answered, and others after it", async () => {
    const { url, repository } = await testServer({ models: modelFolder({ "a.sbq": testModel(1) }), workers: 2 });
    const image = await png(1);
    const load = Array.from({ length: 24 }, () => classify(url, "a", image));
    for (const thread of repository.get("a").pool.pool.threads) void thread.terminate();
    const statuses = (await Promise.all(load)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    await until(async () => (await classify(url, "a", image)).status === 200);
  });

  test("that throws once: the request is tried again", async () => {
    const script = scriptWith('if (runs === 1) throw new Error("once");');
    const { url } = await testServer({ models: modelFolder({ "a.sbq": testModel(1) }) }, { script });
    expect((await classify(url, "a", await png(1))).status).toBe(200);
  });

  test("that always throws: 503 with a reason to retry, and nothing of the error", async () => {
    const script = scriptWith('throw new Error("secret detail");');
    const { url } = await testServer({ models: modelFolder({ "a.sbq": testModel(1) }) }, { script });
    const response = await classify(url, "a", await png(1));
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ code: "compute-failed" });
    expect(text).not.toContain("secret");
  });

  test("that exits the first time and works in its replacement", async () => {
    const marker = join(temporaryFolder(), "died");
    const script = scriptWith(
      `if (!existsSync(${JSON.stringify(marker)})) { writeFileSync(${JSON.stringify(marker)}, ""); process.exit(1); }`,
    );
    const { url } = await testServer({ models: modelFolder({ "a.sbq": testModel(1) }) }, { script });
    expect((await classify(url, "a", await png(1))).status).toBe(200);
  });

  test("that takes too long: 503 when the time is up, and the others after it are answered", async () => {
    const slow = gate("runs === 1");
    const models = modelFolder({ "a.sbq": testModel(1) });
    const { url } = await testServer({ models, requestTimeout: 1500 }, slow);
    const response = await classify(url, "a", await png(1));
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "request-timeout" });
    slow.open();
    await until(async () => (await classify(url, "a", await png(1))).status === 200);
  });
});

test("images that wait share a run, and statistics count both", async () => {
  const models = modelFolder({ "a.sbq": testModel(1) });
  // No image waits so long: a run starts when it is full.
  const { url } = await testServer({ models, maxBatch: 4, maxBatchDelay: 3_600_000 });
  const image = await png(1);
  await Promise.all(Array.from({ length: 12 }, () => classify(url, "a", image)));
  const { model_stats } = (await (await fetch(`${url}/v2/models/a/stats`)).json()) as {
    model_stats: { inference_count: number; execution_count: number; batch_stats: { batch_size: number }[] }[];
  };
  const [stats] = model_stats;
  expect(stats).toMatchObject({ inference_count: 12, execution_count: 3, batch_stats: [{ batch_size: 4 }] });
  expect(stats!.batch_stats).toHaveLength(1);
});
