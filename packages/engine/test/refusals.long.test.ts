/** What a browser forbids a page ends in an error that says what to do. Skipped where there is no Chromium. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resnet20 } from "../scripts/networks.mjs";
import { type LoadOptions, load, type Prediction, writeSbq } from "../src/index.js";
import { hasChromium, launchChromium } from "./chromium.js";
import { encodePng } from "./png.js";
import { Random } from "./programs.js";
import { type Files, serve, strictPolicy } from "./site.js";

const bundled = join(import.meta.dirname, "../dist/browser");
const file = writeSbq(resnet20({ weights: 4, activations: 4, classes: 10 }));
const picture = { data: new Random(3).bytes(57 * 41 * 3), width: 57, height: 41, channels: 3 };

/** An error as the page sees it, or the best class. */
type Outcome = Prediction | { readonly name: string; readonly code: string; readonly message: string };

describe.skipIf(!hasChromium)("Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** Loads the model in a page with that body and policy, and classifies the picture that `image` gives. */
  async function classifyIn(body: string, image: string, policy: string, options: LoadOptions): Promise<Outcome> {
    const script = `import { load } from "/engine/index.js";
globalThis.outcome = (async () => {
  try {
    const model = await load("/model.sbq", ${JSON.stringify(options)});
    return (await model.classify(${image}))[0];
  } catch ({ name, code, message }) {
    return { name, code, message };
  }
})();`;
    const files: Files = new Map<string, string | Uint8Array>([
      ...readdirSync(bundled).map((name) => [`/engine/${name}`, readFileSync(join(bundled, name))] as const),
      ["/index.html", `<!doctype html>${body}<script type="module" src="/page.js"></script>`],
      ["/page.js", script],
      ["/model.sbq", file],
      ["/picture.png", encodePng(picture)],
    ]);
    const site = await serve(files, false, policy);
    const tab = await browser.newPage();
    try {
      await tab.goto(`${site.origin}/index.html`, { timeout: 0 });
      await expect.poll(() => tab.evaluate("globalThis.outcome !== undefined"), { timeout: 120_000 }).toBe(true);
      return (await tab.evaluate("outcome")) as Outcome;
    } finally {
      await tab.close();
      await site.close();
    }
  }

  const element = 'document.querySelector("img")';
  const own = '<img src="/picture.png">';

  describe.each([{ worker: true }, { worker: false }])("%o", (options) => {
    test("a policy without wasm-unsafe-eval is named, and what it needs", async () => {
      const policy = strictPolicy.replace(" 'wasm-unsafe-eval'", "");
      expect(policy).not.toBe(strictPolicy);
      expect(await classifyIn(own, element, policy, options)).toMatchObject({
        name: "EnvironmentError",
        code: "wasm-blocked",
        message: expect.stringContaining("Content-Security-Policy needs 'wasm-unsafe-eval' in script-src"),
      });
    });

    test.each([
      ["an element", element],
      ["a bitmap of it", `await ${element}.decode().then(() => createImageBitmap(${element}))`],
      [
        "a canvas with it",
        `await ${element}.decode().then(() => {
          const canvas = document.createElement("canvas");
          canvas.getContext("2d").drawImage(${element}, 0, 0);
          return canvas;
        })`,
      ],
    ])("a picture of another origin: %s", async (_, image) => {
      const policy = `${strictPolicy}; img-src *`;
      const other = await serve(new Map([["/picture.png", encodePng(picture)]]), false);
      try {
        const foreign = `<img src="${other.origin}/picture.png">`;
        expect(await classifyIn(foreign, image, policy, options)).toMatchObject({
          name: "InputError",
          code: "image-unreadable",
          message: expect.stringMatching(/of an image from another origin cannot be read; serve it with CORS headers/),
        });
      } finally {
        await other.close();
      }
      // The page's own picture is read in the same way.
      const [best] = await (await load(file)).classify(picture);
      const found = await classifyIn(own, element, policy, options);
      expect(found).toMatchObject({ index: best!.index });
    });
  });
});
