import { expect, test } from "vitest";
import { enclosedServer } from "../../test/enclosure.js";
import { fuzz } from "../../test/fuzz.js";
import { classify, png, testModel } from "../../test/models.js";

test("6,000 generated requests: no 5xx, no hang, no crash, no file written", async () => {
  const { server, written } = await enclosedServer(
    { "a.sbq": testModel(1) },
    { grpcPort: 0, maxPixels: 1e6, maxBodyBytes: 1e6, maxImages: 8 },
  );
  for (const seed of [11, 12, 13]) {
    expect(await fuzz(server, { seed, count: 2000, image: await png(seed) })).toEqual([]);
    await server.repository.load("a");
    expect((await classify(server.url, "a", await png(1))).status).toBe(200);
  }
  expect(written()).toEqual([]);
});
