/**
 * Pictures of every state of the page at the widths of a phone, a tablet and a desktop, light and dark, for looking at:
 * `npm run build && node packages/web/scripts/screenshots.mjs [--only images,draw] [--out runs/screenshots]`.
 * `--readme` takes those of the README instead: one state, one width, as WebP in `docs/images/`.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { launchChromium } from "./chromium.mjs";
import { answered, drawSeven } from "./drive.mjs";
import { serveStatic } from "./static-server.mjs";

const root = join(import.meta.dirname, "../../..");
const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(root, "runs/screenshots") },
    models: { type: "string", default: join(root, "models") },
    only: { type: "string", default: "" },
    widths: { type: "string", default: "390,820,1440" },
    schemes: { type: "string", default: "light,dark" },
    readme: { type: "boolean", default: false },
  },
});
if (values.readme) Object.assign(values, { out: join(root, "docs/images"), only: "page", widths: "1100" });

const answerOfServer = (page) => page.locator(".answer-foot").getByText(" of ").first().waitFor();
const sample = (page, name) => page.getByRole("button", { name: `Sample: ${name}` }).click();

/** A server that runs models too. */
async function serveModels(models) {
  const { startServer } = await import("@subbyte/server");
  const { url: origin, close } = await startServer({ models, port: 0, log: false });
  return { origin, close };
}

/** By name: the view, what is done there, and what is different about the browser. */
const states = {
  empty: { view: "images" },
  loading: { view: "images", stall: "**/models/index.json" },
  "no-list": { view: "images", refuse: "**/models/index.json", until: (page) => page.getByRole("alert").waitFor() },
  images: {
    view: "images",
    act: async (page) => {
      await sample(page, "Rocket");
      await sample(page, "Cat");
      await answered(page);
      await page
        .getByRole("button", { name: /^Details/ })
        .first()
        .click();
    },
  },
  page: {
    view: "images",
    act: async (page) => {
      await sample(page, "Rocket");
      await sample(page, "Cat");
      await answered(page);
    },
  },
  seen: {
    view: "images",
    act: async (page) => {
      await sample(page, "Cat");
      await answered(page);
      await page.getByLabel("What the network saw").check();
    },
  },
  server: {
    view: "images",
    server: true,
    act: async (page) => {
      await sample(page, "Cat");
      await page.getByRole("radio", { name: "Server" }).check();
      await answerOfServer(page);
    },
  },
  "no-server": {
    view: "images",
    act: (page) => page.getByRole("radio", { name: "Server" }).click(),
    until: (page) => page.getByText("No server").waitFor(),
  },
  refused: {
    view: "images",
    act: (page) =>
      page
        .getByLabel("Choose pictures")
        .setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("x") }),
    until: (page) => page.getByRole("alert").waitFor(),
  },
  "model-missing": {
    view: "images",
    refuse: "**/*w4a4.sbq",
    act: async (page) => {
      await sample(page, "Cat");
      await answered(page);
    },
  },
  draw: { view: "draw", act: drawSeven, until: (page) => page.locator(".digit").getByText("7").last().waitFor() },
  "draw-empty": { view: "draw" },
  camera: {
    view: "camera",
    act: (page) => page.getByRole("button", { name: "Start camera" }).click(),
    until: (page) => page.getByTestId("frame-rate").waitFor(),
  },
  "no-camera": {
    view: "camera",
    before: (page) =>
      page.addInitScript(() => {
        navigator.mediaDevices.getUserMedia = async () => {
          throw new DOMException("none", "NotFoundError");
        };
      }),
    act: (page) => page.getByRole("button", { name: "Start camera" }).click(),
    until: (page) => page.getByText("No camera was found").waitFor(),
  },
  compare: { view: "compare" },
  measured: {
    view: "compare",
    act: async (page) => {
      await page.getByLabel(/LiteRT/).check();
      await page.getByRole("button", { name: /^Measure/ }).click();
    },
    until: (page) => page.locator(".comparison").getByText("SIMD").first().waitFor(),
  },
  inside: { view: "inside", until: (page) => page.getByText("Bits per weight").waitFor() },
  "own-float": {
    view: "inside",
    act: async (page) => {
      await page.getByLabel(/Open a model/).setInputFiles(join(values.models, "mnist-float.onnx"));
      await page.getByText("does not say how").waitFor();
    },
  },
  stored: {
    view: "images",
    act: async (page) => {
      await sample(page, "Cat");
      await answered(page);
      await page.getByRole("link", { name: "Stored" }).click();
      await page.locator("td.hash").first().waitFor({ state: "attached" });
    },
  },
  isolated: { view: "stored", isolated: true },
  "no-simd": {
    view: "stored",
    before: (page) =>
      page.addInitScript(() => {
        WebAssembly.validate = () => false;
      }),
  },
};

const wanted = Object.keys(states).filter((name) => values.only === "" || values.only.split(",").includes(name));
mkdirSync(values.out, { recursive: true });
const browser = await launchChromium({ camera: true });
try {
  for (const name of wanted) {
    const { view, act, until, before, refuse, stall, isolated = false, server = false } = states[name];
    const site = await (server ? serveModels(values.models) : serveStatic({ models: values.models, isolated }));
    for (const width of values.widths.split(",").map(Number))
      for (const colorScheme of values.schemes.split(",")) {
        const context = await browser.newContext({
          viewport: { width, height: 900 },
          colorScheme,
          serviceWorkers: refuse || stall ? "block" : "allow",
          permissions: ["camera"],
        });
        const page = await context.newPage();
        await before?.(page);
        if (refuse) await page.route(refuse, (route) => route.fulfill({ status: 404 }));
        if (stall) await page.route(stall, () => {});
        await page.goto(`${site.origin}/#${view}`);
        if (!stall && !refuse) await page.locator("h1").waitFor();
        await act?.(page);
        await until?.(page);
        await page.waitForTimeout(400);
        const picture = await page.screenshot({ fullPage: true });
        if (values.readme)
          await sharp(picture)
            .webp({ quality: 80 })
            .toFile(join(values.out, `${name}-${colorScheme}.webp`));
        else writeFileSync(join(values.out, `${name}-${width}-${colorScheme}.png`), picture);
        await context.close();
      }
    await site.close();
    console.log(name);
  }
} finally {
  await browser.close();
}
