/** @file Threads that die or throw: requests are retried or answered 503, and the pool recovers. */

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { classify, modelFolder, png, temporaryFolder, testModel, testServer, until } from "../../test/models.js";

const worker = pathToFileURL(createRequire(import.meta.url).resolve("#compute-worker")).href;

/** A script whose runs fail as `failure` says, and else are the real one's. */
function faultyScript(failure: string): string {
  const path = join(temporaryFolder(), "worker.mjs");
  writeFileSync(
    path,
    `import handle from ${JSON.stringify(worker)};
     let runs = 0;
     export default async (task) => {
       if (task.type === "run") { runs++; ${failure} }
       return handle(task);
     };`,
  );
  return path;
}

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
    const script = faultyScript('if (runs === 1) throw new Error("once");');
    const { url } = await testServer({ models: modelFolder({ "a.sbq": testModel(1) }) }, { script });
    expect((await classify(url, "a", await png(1))).status).toBe(200);
  });

  test("that always throws: 503 with a reason to retry, and nothing of the error", async () => {
    const script = faultyScript('throw new Error("secret detail");');
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
    const script = faultyScript(
      `const { existsSync, writeFileSync } = await import("node:fs");
       if (!existsSync(${JSON.stringify(marker)})) { writeFileSync(${JSON.stringify(marker)}, ""); process.exit(1); }`,
    );
    const { url } = await testServer({ models: modelFolder({ "a.sbq": testModel(1) }) }, { script });
    expect((await classify(url, "a", await png(1))).status).toBe(200);
  });

  test("that takes too long: 503 when the time is up, and the others after it are answered", async () => {
    const script = faultyScript("if (runs === 1) await new Promise((resolve) => setTimeout(resolve, 3000));");
    const models = modelFolder({ "a.sbq": testModel(1) });
    const { url } = await testServer({ models, requestTimeout: 1500 }, { script });
    const response = await classify(url, "a", await png(1));
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "request-timeout" });
    await until(async () => (await classify(url, "a", await png(1))).status === 200);
  });
});

test("images that wait share a run, and statistics count both", async () => {
  const models = modelFolder({ "a.sbq": testModel(1) });
  const { url } = await testServer({ models, maxBatch: 4, maxBatchDelay: 200 });
  const image = await png(1);
  await Promise.all(Array.from({ length: 12 }, () => classify(url, "a", image)));
  const { model_stats } = (await (await fetch(`${url}/v2/models/a/stats`)).json()) as {
    model_stats: { inference_count: number; execution_count: number; batch_stats: { batch_size: number }[] }[];
  };
  const [{ inference_count, execution_count, batch_stats }] = model_stats as [(typeof model_stats)[0]];
  expect(inference_count).toBe(12);
  expect(execution_count).toBeLessThan(12);
  expect(Math.max(...batch_stats.map(({ batch_size }) => batch_size))).toBeGreaterThan(1);
});
