/** @file Bad input is answered with 4xx and JSON that says what to do: named cases, and a few hundred generated ones. */

import { connect } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { enclosedServer } from "../../test/enclosure.js";
import { fuzz } from "../../test/fuzz.js";
import { bomb, classify, form, modelFolder, png, testModel, testServer, until } from "../../test/models.js";
import { gate } from "../../test/threads.js";
import type { RunningServer } from "../server.js";

let server: RunningServer;
let folder: string;
beforeAll(async () => {
  folder = modelFolder({ "a.sbq": testModel(1) });
  server = await testServer({
    models: folder,
    maxPixels: 1e6,
    maxBodyBytes: 1e6,
    maxImages: 8,
  });
});
const send = (images: readonly Uint8Array[], fields = {}) =>
  fetch(`${server.url}/classify`, { method: "POST", body: form({ model: "a", ...fields }, images) });

const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"/>');

describe("POST /classify refuses", () => {
  test.each([
    ["no image", [Buffer.from("text")], 400, "invalid-image"],
    ["nothing", [new Uint8Array(0)], 400, "invalid-image"],
    ["an SVG", [svg], 400, "invalid-image"],
    ["more pixels than allowed", [bomb()], 413, "image-too-large"],
    ["more images than allowed", Array.from({ length: 1000 }, () => Buffer.from("x")), 413, "too-many-images"],
    ["more bytes than allowed", [new Uint8Array(1_100_000)], 413, "body-too-large"],
    ["no files", [], 400, "invalid-request"],
  ])("%s", async (_, images, status, code) => {
    const response = await send(images);
    const body = await response.json();
    expect(body).toMatchObject({ code, message: expect.stringMatching(/\.$/), action: expect.stringMatching(/\.$/) });
    expect(response.status).toBe(status);
  });

  test.each([
    ["an unknown model", { model: "nothing" }, 404],
    ["a path as a model", { model: "../../etc/passwd" }, 404],
    ["an unknown version", { version: "9" }, 404],
    ["a wrong number", { top_k: "0" }, 400],
    ["an unknown field", { modle: "a" }, 400],
  ])("%s", async (_, fields, status) => {
    const response = await send([await png(1)], fields);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code: expect.any(String), action: expect.any(String) });
  });
});

test("a part without a name is refused", async () => {
  const response = await fetch(`${server.url}/classify`, {
    method: "POST",
    headers: { "content-type": "multipart/form-data; boundary=x" },
    body: [
      '--x\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\n\r\nx',
      "--x\r\nContent-Disposition: form-data;\r\n\r\nx",
      "--x--\r\n",
    ].join("\r\n"),
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid-request" });
});

test("a body that is no form is told to be one", async () => {
  for (const headers of [{ "content-type": "application/json" }, { "content-type": "text/plain" }]) {
    const response = await fetch(`${server.url}/classify`, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ action: expect.stringContaining("curl -F images=@photo.jpg") });
  }
});

test("a body that never ends is answered 408 and the connection closed", async () => {
  const slow = await testServer({ models: folder, requestTimeout: 300 });
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect(slow.port, "127.0.0.1", () =>
      socket.write("POST /v2/models/a/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"),
    );
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("close", () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toContain('"code":"body-timeout"');
});

test("beyond the bounded queue: 429 with Retry-After, and what was accepted is answered", async () => {
  const { script, open } = gate();
  const small = await testServer({ models: folder, maxQueue: 4 }, { script });
  const image = await png(1);
  const accepted = Array.from({ length: 4 }, () => classify(small.url, "a", image));
  await until(() => small.repository.get("a").queue.admitted === 4);
  const refused = await Promise.all(Array.from({ length: 20 }, () => classify(small.url, "a", image)));
  for (const response of refused) {
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await response.json()).toMatchObject({ code: "queue-full" });
  }
  open();
  expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await classify(small.url, "a", image)).status).toBe(200);
});

test("where waiting would take too long: 429 at once, and what was accepted is answered", async () => {
  const { script, open } = gate("runs === 2");
  const busy = await testServer({ models: folder, maxWait: 0 }, { script });
  const image = await png(1);
  // The first answer teaches the server how long an image takes.
  expect((await classify(busy.url, "a", image)).status).toBe(200);
  const accepted = classify(busy.url, "a", image);
  await until(() => busy.repository.get("a").queue.admitted === 1);
  const refused = await classify(busy.url, "a", image);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  open();
  expect((await accepted).status).toBe(200);
});

test("clients that leave are forgotten", async () => {
  const image = await png(1, 300, 300);
  await Promise.allSettled(
    Array.from({ length: 30 }, (_, i) =>
      fetch(`${server.url}/classify`, {
        method: "POST",
        body: form({ model: "a" }, [image]),
        signal: AbortSignal.timeout(i),
      }),
    ),
  );
  expect((await classify(server.url, "a", image)).status).toBe(200);
});

test("a bearer token is required of all but health and the page", async () => {
  const guarded = await testServer({ models: folder, token: "secret" });
  const get = (path: string, token?: string) =>
    fetch(guarded.url + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  for (const path of ["/v2/models/a", "/api/models", "/metrics", "/models/a.sbq", "/v1/models"]) {
    const refused = await get(path);
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(await refused.json()).toMatchObject({ code: "unauthorized" });
    expect((await get(path, "wrong")).status).toBe(401);
    expect((await get(path, "secret")).status).toBe(200);
  }
  for (const path of ["/v2/health/live", "/v2/health/ready"]) expect((await get(path)).status).toBe(200);
});

test("generated requests: no 5xx, no hang, no crash, no file written", async () => {
  const enclosed = await enclosedServer(
    { "a.sbq": testModel(1) },
    { grpcPort: 0, maxPixels: 1e6, maxBodyBytes: 1e6, maxImages: 8 },
  );
  expect(await fuzz(enclosed.server, { seed: 1, count: 300, image: await png(2) })).toEqual([]);
  await enclosed.server.repository.load("a");
  expect((await classify(enclosed.server.url, "a", await png(1))).status).toBe(200);
  expect(enclosed.written()).toEqual([]);
});
