/** @file Debian's Chromium with the engine's bundle loaded. Tests are skipped if it is not installed. */

import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { bundleForBrowser } from "./bundle.js";

const executablePath = "/usr/bin/chromium";

export const hasChromium = existsSync(executablePath);

const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launchChromium = (): Promise<Browser> => chromium.launch({ executablePath, args });

/** Runs `work` on a page that has the engine as the global `Subbyte`. */
export async function withEngineInChromium(work: (page: Page) => Promise<void>): Promise<void> {
  const { script } = await bundleForBrowser();
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: script });
    await work(page);
  } finally {
    await browser.close();
  }
}
