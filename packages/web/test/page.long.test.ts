/** The page in Chromium with the models of the repository, as a visitor uses it. Skipped where there is no Chromium. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { startServer } from "@subbyte/server";
import type { AxeResults } from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launchChromium } from "../scripts/chromium.mjs";
import { answered, drawSeven } from "../scripts/drive.mjs";
import { serveStatic } from "../scripts/static-server.mjs";

const models = join(import.meta.dirname, "../../../models");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Patience, not a measurement: machines are busy. */
const patience = 120_000;

describe.skipIf(!hasChromium)("the page", () => {
  let browser: Browser;
  let context: BrowserContext | undefined;
  const faults: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium({ camera: true });
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    await context?.close();
    expect(faults.splice(0)).toEqual([]);
  });

  async function open(address: string, options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
    context = await browser.newContext(options);
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(String(error.stack)));
    await page.goto(address);
    return page;
  }

  /** Labels by bit width, of the first picture. */
  const labels = (page: Page) => page.locator(".results tbody tr").first().locator(".answer-top").allInnerTexts();

  async function compareThreeWidths(page: Page) {
    await page.getByRole("button", { name: "Sample: Cat" }).click();
    await answered(page);
    expect(await labels(page)).toEqual(["cat", "cat", "cat"]);
    expect(await page.locator(".results .badge.same").count()).toBe(2);
  }

  async function drawAndRead(page: Page) {
    await page.getByRole("link", { name: "Draw" }).click();
    await drawSeven(page);
    for (const width of ["8 bits", "4 bits", "2 bits"])
      await page.locator(`[data-model^="${width}"] [data-testid="digit"]`).getByText("7").waitFor();
  }

  test("compares three bit widths, reads a drawn digit, and does both again without a network", async () => {
    const site = await serveStatic({ models });
    const page = await open(site.origin);
    await compareThreeWidths(page);
    await drawAndRead(page);
    await page.getByRole("link", { name: "Stored" }).click();
    await page.getByText("The page opens without a network").waitFor();
    await site.close();
    await context!.setOffline(true);
    await page.goto(`${site.origin}/`);
    await compareThreeWidths(page);
    await drawAndRead(page);
  });

  test("the server gives the same answers, and says so where it is not there", async () => {
    const server = await startServer({ models, port: 0, log: false });
    const page = await open(server.url);
    await compareThreeWidths(page);
    const confidences = () => page.locator(".results .confidence .number").allTextContents();
    const here = await confidences();
    await page.getByRole("radio", { name: "Server" }).check();
    await answered(page);
    await page.locator(".results .answer-foot").getByText(" of ").first().waitFor();
    expect(await labels(page)).toEqual(["cat", "cat", "cat"]);
    expect(await confidences()).toEqual(here);
    await drawAndRead(page);
    await server.close();
    await page.getByRole("link", { name: "Pictures" }).click();
    await page.getByRole("button", { name: "Sample: Cat" }).click();
    await page.locator(".results").getByText("no answer").first().waitFor();
    await page.getByRole("radio", { name: "This browser" }).check();
    await answered(page);
    expect(await labels(page)).toEqual(["cat", "cat", "cat"]);
  });

  test("drops files that are images and names those that are not", async () => {
    const site = await serveStatic({ models });
    const page = await open(site.origin);
    const picture = readFileSync(join(models, "samples/rocket.jpg")).toString("base64");
    const data = await page.evaluateHandle((base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], "one.jpg", { type: "image/jpeg" }));
      transfer.items.add(new File([bytes], "two.jpg", { type: "image/jpeg" }));
      transfer.items.add(new File(["text"], "notes.txt", { type: "text/plain" }));
      transfer.items.add(new File(["no picture"], "broken.png", { type: "image/png" }));
      return transfer;
    }, picture);
    await page.getByRole("region", { name: "Add pictures" }).dispatchEvent("drop", { dataTransfer: data });
    await answered(page);
    expect(await page.locator(".picture-name").allInnerTexts()).toEqual(["one.jpg", "two.jpg", "broken.png"]);
    await page.getByRole("alert").getByText("notes.txt is not an image").waitFor();
    await page.locator(".results tr").last().getByText("no answer").first().waitFor();
    await page.getByLabel(/Only disagreements/).check();
    const shown = await page.locator(".results tbody tr").count();
    const named = Number(/\((\d+)\)/.exec((await page.getByText(/Only disagreements/).textContent())!)![1]);
    expect(shown).toBe(named);
    await site.close();
  });

  test.each([true, false])("isolated: %s, threads or one thread", async (isolated) => {
    const site = await serveStatic({ models, isolated });
    const page = await open(`${site.origin}/#stored`);
    await page.getByText("Cross-origin isolated").waitFor();
    const facts = await page.locator(".facts").textContent();
    expect(facts).toMatch(isolated ? /isolatedyes/ : /isolatedno/);
    await page.getByRole("link", { name: "Compare" }).click();
    await page.getByRole("button", { name: "Measure on this device" }).click();
    await page.locator(".comparison").getByText(/SIMD/).first().waitFor();
    const threads = await page.evaluate(() => navigator.hardwareConcurrency);
    const expected = isolated && threads > 1 ? /SIMD, \d threads/ : /SIMD, 1 thread$/;
    for (const how of await page.locator(".comparison tbody td:last-child").allInnerTexts())
      expect(how).toMatch(expected);
    await site.close();
  });

  test("float runs on onnxruntime-web, and is the reference", async () => {
    const site = await serveStatic({ models });
    const page = await open(site.origin);
    await page.getByLabel(/float/).check();
    await page.getByRole("button", { name: "Sample: Cat" }).click();
    await answered(page);
    expect(await labels(page)).toEqual(["cat", "cat", "cat", "cat"]);
    await page.locator(".results thead").getByText("reference").waitFor();
    await site.close();
  });

  test("the camera is classified frame by frame", async () => {
    const site = await serveStatic({ models });
    const page = await open(`${site.origin}/#camera`, { permissions: ["camera"] });
    await page.getByRole("button", { name: "Start camera" }).click();
    await page.getByTestId("frame-rate").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Start camera" }).waitFor();
    await site.close();
  });

  test("looks into a model, and opens a visitor's own", async () => {
    const site = await serveStatic({ models });
    const page = await open(`${site.origin}/#inside`);
    await page.getByText("Bits per weight").waitFor();
    await page.getByRole("button", { name: "Time each on this device" }).click();
    await page.locator(".table").getByText(" ms").first().waitFor();
    await page.getByLabel(/Open a model/).setInputFiles(join(models, "mnist-w4a4.sbq"));
    await page.getByText("Your models").first().waitFor({ state: "attached" });
    await page.getByText("grey").first().waitFor();
    await page
      .getByLabel(/Open a model/)
      .setInputFiles({ name: "bad.sbq", mimeType: "", buffer: Buffer.from("not a model") });
    await page
      .getByRole("alert")
      .getByText(/bad.sbq/)
      .waitFor();
    await site.close();
  });

  test.each(["light", "dark"] as const)("axe finds nothing in the %s theme", async (colorScheme) => {
    const site = await serveStatic({ models });
    const page = await open(site.origin, { colorScheme, reducedMotion: "reduce" });
    const views = await page
      .locator(".views a")
      .evaluateAll((links) => links.map((link) => link.getAttribute("href")!));
    await page.getByRole("button", { name: "Sample: Cat" }).click();
    await answered(page);
    for (const view of views) {
      await page.locator(`.views a[href="${view}"]`).click();
      await page.locator("h1").waitFor();
      if (view === "#inside") await page.getByText("Bits per weight").waitFor();
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      expect(violations.map(({ id, nodes }) => ({ view, id, nodes: nodes.map(({ html }) => html) }))).toEqual([]);
    }
    await site.close();
  });
});
