/** @file Runs a `.tflite` file in LiteRT.js or TensorFlow.js, in headless Chromium. */

import { existsSync } from "node:fs";
import { openBrowser } from "../src/bench/browser.js";

/** Whether there is a browser for `runInPage`; says so where there is none. */
export function hasChromium(): boolean {
  const found = existsSync("/usr/bin/chromium");
  if (!found) console.warn("skipped: no Chromium in /usr/bin");
  return found;
}

/** How a page opens the model `file`. */
const openers = {
  litert: `import("/toolkit/runtime/litert-session.js")
    .then(({ createLiteRtSession }) => createLiteRtSession(file, "/litert/wasm/"))`,
  tfjs: `import("/toolkit/runtime/tfjs-session.js")
    .then(({ createTfjsSession }) => createTfjsSession(file, { core: "/tf-core", wasm: "/tf-wasm" }, 1))`,
} as const;

/**
 * Logits of every image, one row each. Fails where the page asks another host for anything.
 * @param images one after the other, in the element type that the model takes
 */
export async function runInPage(
  runtime: keyof typeof openers,
  model: Uint8Array,
  images: Uint8Array | Float32Array,
  count: number,
): Promise<Float32Array> {
  const browser = await openBrowser();
  const bytes = new Uint8Array(images.buffer, images.byteOffset, images.byteLength);
  const files = new Map([
    ["/model", model],
    ["/images", bytes],
  ]);
  const { page, foreignRequests, close } = await browser.open(files);
  try {
    const script = `(async () => {
      const read = async (address) => (await fetch(address)).arrayBuffer();
      const file = new Uint8Array(await read("/model"));
      const session = await ${openers[runtime]};
      const images = new ${images.constructor.name}(await read("/images"));
      const size = images.length / ${count};
      const logits = [];
      for (let i = 0; i < ${count}; i++)
        logits.push(...await session.run(images.slice(i * size, (i + 1) * size)));
      return logits;
    })()`;
    const logits = (await page.evaluate(script)) as number[];
    if (foreignRequests.length > 0) throw new Error(`${runtime} asked for ${foreignRequests.join(", ")}`);
    return Float32Array.from(logits);
  } finally {
    await close();
    await browser.close();
  }
}

/** The class of each row's largest logit. */
export function predictions(logits: Float32Array, classes: number): number[] {
  return Array.from({ length: logits.length / classes }, (_, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  });
}
