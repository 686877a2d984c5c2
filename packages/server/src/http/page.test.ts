import { get } from "node:http";
import { brotliCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { modelFolder, testModel, testServer } from "../../test/models.js";

const script = "export const a = 1;";
const page = modelFolder({
  "index.html": "<!doctype html><title>page</title>",
  "assets/index-Ab12_x-9.js": script,
  "assets/index-Ab12_x-9.js.br": brotliCompressSync(script),
});
const models = modelFolder({ "a.sbq": testModel(1) });

/** Headers of the answer, as they are sent. */
const headers = (url: string, encoding: string) =>
  new Promise<Record<string, unknown>>((resolve, reject) => {
    get(url, { headers: { "accept-encoding": encoding } }, (response) => {
      response.resume().on("end", () => resolve({ ...response.headers, status: response.statusCode }));
    }).on("error", reject);
  });

test("files are sent compressed where the build has compressed them, and those named by their content are kept", async () => {
  const { url } = await testServer({ models, page });
  const sent = await headers(`${url}/assets/index-Ab12_x-9.js`, "br, gzip");
  expect(sent).toMatchObject({
    status: 200,
    "content-encoding": "br",
    "cache-control": expect.stringContaining("immutable"),
  });
  expect(sent["content-type"]).toMatch(/javascript/);
  const plain = await headers(`${url}/assets/index-Ab12_x-9.js`, "identity");
  expect(plain["content-encoding"]).toBeUndefined();
  expect(plain["content-length"]).toBe(String(script.length));
  const index = await headers(`${url}/`, "br");
  expect(index).toMatchObject({ status: 200, "cache-control": "no-cache" });
  expect(index["cross-origin-embedder-policy"]).toBe("require-corp");
});

test("without a page a few words lead to the API", async () => {
  const { url } = await testServer({ models, page: false });
  expect((await fetch(url)).status).toBe(404);
  const absent = await testServer({ models, page: modelFolder({}) });
  expect((await fetch(absent.url)).status).toBe(404);
});
