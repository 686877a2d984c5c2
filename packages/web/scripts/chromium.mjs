/** @file Debian's Chromium, without a screen. */

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

export const chromiumPath = "/usr/bin/chromium";

export const hasChromium = existsSync(chromiumPath);

export const chromiumArguments = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A camera that shows a test picture, and needs no permission. */
const fakeCamera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/** @param {{ camera?: boolean }} [options] */
export const launchChromium = ({ camera = false } = {}) =>
  chromium.launch({ executablePath: chromiumPath, args: [...chromiumArguments, ...(camera ? fakeCamera : [])] });
