import { once } from "node:events";
import { Worker } from "node:worker_threads";
import sharp from "sharp";
import { expect, test } from "vitest";
import { decodeBytes } from "./decode.js";

/** A new thread that loads the built decoder and then tries to decode a file that is no photograph. */
const thread = `
  import { parentPort } from "node:worker_threads";
  const { decodeBytes } = await import(${JSON.stringify(new URL("../../dist/decode.js", import.meta.url).href)});
  const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  parentPort.postMessage(await decodeBytes(svg).then(() => "decoded", (error) => error.message));
`;

test("threads that start do not disturb the decoding of others, and refuse the same formats", async () => {
  const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  let isDone = false;
  let decoded = 0;
  const decoders = Array.from({ length: 4 }, async () => {
    while (!isDone) {
      await decodeBytes(png);
      decoded++;
    }
  });
  const starts = (async () => {
    for (let i = 0; i < 20; i++) {
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(thread)}`));
      const [answer] = await once(worker, "message");
      expect(answer).toMatch(/it is not a JPEG/);
      await worker.terminate();
    }
  })();
  await starts.finally(() => {
    isDone = true;
  });
  await Promise.all(decoders);
  expect(decoded).toBeGreaterThan(0);
}, 120_000);
