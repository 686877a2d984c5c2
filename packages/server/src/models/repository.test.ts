import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { classify, modelFolder, png, testModel, testServer, until } from "../../test/models.js";
import type { ServerError } from "../errors.js";
import { type IndexEntry, Repository } from "./repository.js";

/** Puts a file in its place at once, as deployments do. */
function replace(folder: string, file: string, content: Uint8Array): void {
  writeFileSync(join(folder, ".incoming"), content);
  renameSync(join(folder, ".incoming"), join(folder, file));
}

describe("a watched folder", () => {
  test("a replaced file takes over without a failed request", async () => {
    const folder = modelFolder({ "a.sbq": testModel(1) });
    const { url, repository } = await testServer({ models: folder, watch: true, maxQueue: 64 });
    const image = await png(1);
    const statuses: number[] = [];
    let isDone = false;
    const clients = Array.from({ length: 4 }, async () => {
      while (!isDone) {
        const response = await classify(url, "a", image);
        statuses.push(response.status);
        await response.arrayBuffer();
      }
    });
    const hashes = new Set([repository.get("a").sha256]);
    for (const seed of [2, 3, 4]) {
      replace(folder, "a.sbq", testModel(seed));
      await until(() => !hashes.has(repository.get("a").sha256));
      hashes.add(repository.get("a").sha256);
    }
    isDone = true;
    await Promise.all(clients);
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  test("a damaged file leaves the old content serving and ready, and the index says why", async () => {
    const folder = modelFolder({ "a.sbq": testModel(1) });
    const { url, repository } = await testServer({ models: folder, watch: true });
    const before = repository.get("a").sha256;
    const damaged = testModel(2).slice();
    damaged[damaged.length - 1]! ^= 1;
    replace(folder, "a.sbq", damaged);
    await until(() => repository.index()[0]!.reason !== "");
    const [entry] = (await (await fetch(`${url}/v2/repository/index`, { method: "POST" })).json()) as IndexEntry[];
    expect(entry).toMatchObject({ name: "a", version: "1", state: "READY" });
    expect(entry!.reason).toMatch(/cannot be loaded.*CRC|checksum/i);
    expect(repository.get("a").sha256).toBe(before);
    expect((await fetch(`${url}/v2/health/ready`)).status).toBe(200);
    expect((await classify(url, "a", await png(1))).status).toBe(200);
    replace(folder, "a.sbq", testModel(3));
    await until(() => repository.index()[0]!.reason === "");
    expect(repository.get("a").sha256).not.toBe(before);
  });

  test("a higher version takes over once it is loaded; a damaged one does not, and a removed one gives way", async () => {
    const folder = modelFolder({ "a/1/model.sbq": testModel(1) });
    const { repository } = await testServer({ models: folder, watch: true });
    const add = (version: number, content: Uint8Array) => {
      mkdirSync(join(folder, "a", String(version)));
      replace(folder, `a/${version}/model.sbq`, content);
    };
    add(2, testModel(2));
    await until(() => repository.get("a").version === "2");
    add(10, Buffer.from("damaged"));
    await until(() => repository.index().some(({ version, reason }) => version === "10" && reason !== ""));
    expect(repository.get("a").version).toBe("2");
    expect(repository.index().map(({ version, state }) => [version, state])).toEqual([
      ["1", "UNAVAILABLE"],
      ["2", "READY"],
      ["10", "UNAVAILABLE"],
    ]);
    rmSync(join(folder, "a", "2"), { recursive: true });
    await until(() => repository.get("a").version === "1");
  });

  test("a folder that cannot be read any more is told in the log, and the models serve on", async () => {
    const folder = modelFolder({ "a.sbq": testModel(1) });
    const log: string[] = [];
    const options = { models: folder, watch: true, log: { stream: { write: (line: string) => log.push(line) } } };
    const { repository } = await testServer(options);
    renameSync(folder, `${folder}-moved`);
    await until(() => log.some((line) => line.includes("folder not read") && line.includes("ENOENT")));
    expect(repository.get("a").version).toBe("1");
    renameSync(`${folder}-moved`, folder);
  });

  test("names that are taken or illegal are listed with the reason", async () => {
    const folder = modelFolder({
      "a.sbq": testModel(1),
      "a.onnx": "x",
      "ä ö.sbq": testModel(2),
      "notes.txt": "",
      "b.sbq": "",
    });
    const { repository } = await testServer({ models: folder });
    expect(repository.index()).toEqual([
      { name: "a", version: "1", state: "READY", reason: "" },
      { name: "a.onnx", version: "", state: "UNAVAILABLE", reason: expect.stringContaining('has the name "a"') },
      { name: "b", version: "1", state: "UNAVAILABLE", reason: expect.stringMatching(/.+/) },
      { name: "ä ö", version: "", state: "UNAVAILABLE", reason: expect.stringContaining("rename") },
    ]);
    expect(repository.isReady).toBe(true);
  });

  test("while a folder is loaded, its models are not ready, and no model is unknown", async () => {
    const { repository } = await testServer({ models: modelFolder({ "a.sbq": testModel(1), "b.sbq": testModel(2) }) });
    const answers: Record<string, unknown> = {};
    const ask = (name: string): unknown => {
      try {
        return starting.get(name).name;
      } catch (error) {
        return [(error as ServerError).code, (error as ServerError).message];
      }
    };
    const starting: Repository = new Repository({
      ...repository.options,
      onEvent: ({ model }) => {
        if (model === "a") for (const name of ["a", "b", "c", "default"]) answers[name] = ask(name);
      },
    });
    expect(ask("default")).toEqual(["model-not-ready", expect.stringContaining("is loading its models")]);
    await starting.open();
    expect(answers).toEqual({
      a: "a",
      b: ["model-not-ready", expect.stringContaining('"b" is not ready (loading)')],
      c: ["model-not-ready", expect.stringContaining("is loading its models")],
      default: "a",
    });
    expect(ask("c")).toEqual(["unknown-model", expect.stringContaining('no model "c"')]);
    await starting.close();
  });

  test("an empty folder is live and not ready", async () => {
    const { url } = await testServer({ models: modelFolder({}) });
    expect((await fetch(`${url}/v2/health/live`)).status).toBe(200);
    expect((await fetch(`${url}/v2/health/ready`)).status).toBe(503);
  });
});

test("closing waits for the threads of a model that was unloaded just before", async () => {
  const { repository } = await testServer({ models: modelFolder({ "a.sbq": testModel(1) }) });
  const { pool } = repository.get("a").pool;
  await repository.unload("a");
  await repository.close();
  expect(pool.threads).toEqual([]);
});
