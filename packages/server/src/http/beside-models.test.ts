import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { modelFolder, testModel, testServer } from "../../test/models.js";

let url: string;
beforeAll(async () => {
  const folder = modelFolder({ "w4.sbq": testModel(1, 4) });
  mkdirSync(join(folder, "samples"));
  writeFileSync(join(folder, "index.json"), '{"families": []}');
  writeFileSync(join(folder, ".secret.json"), "{}");
  writeFileSync(join(folder, "notes.txt"), "mine");
  writeFileSync(join(folder, "w4.tflite"), "for LiteRT");
  writeFileSync(join(folder, "samples/cat.jpg"), "a picture");
  writeFileSync(join(folder, "samples/script.js"), "alert(1)");
  url = (await testServer({ models: folder })).url;
});

test("the list of models and samples are served", async () => {
  expect(await (await fetch(`${url}/models/index.json`)).json()).toEqual({ families: [] });
  const sample = await fetch(`${url}/models/samples/cat.jpg`);
  expect(sample.headers.get("content-type")).toBe("image/jpeg");
  expect(await sample.text()).toBe("a picture");
  expect(await (await fetch(`${url}/models/w4.tflite`)).text()).toBe("for LiteRT");
});

test.each([
  "/models/none.json",
  "/models/.secret.json",
  "/models/notes.txt",
  "/models/samples/script.js",
  "/models/samples/..%2fnotes.txt",
  "/models/samples/%2e%2e%2findex.json",
  "/models/..%2f..%2fpackage.json",
])("%s is not", async (path) => {
  const response = await fetch(url + path);
  expect(response.status).toBe(404);
  expect(response.headers.get("content-type")).toMatch(/json/);
});
