/** @file The race in headless Chromium, against the runtimes that a page could use. */

import { openBrowser } from "./browser.js";
import type { RunRace } from "./engine-bench.js";
import type { PageRace, raceInPage } from "./page.js";

export interface BrowserRace {
  /** Such as `"Chromium 140.0.7339.80"`. */
  readonly browser: string;
  readonly runRace: RunRace;
  close(): Promise<void>;
}

/**
 * Starts the browser. Each race gets its own page.
 * @param flags command-line flags of the browser
 * @throws {UsageError} if Playwright or a browser is missing
 */
export async function raceInBrowser(flags: readonly string[] = []): Promise<BrowserRace> {
  const browser = await openBrowser(flags);
  return {
    browser: browser.name,
    runRace: async ({ entries, images, ...rest }, { turns, onTurn, signal }) => {
      const served = new Map<string, Uint8Array>();
      const serve = (address: string, content: Uint8Array): string => {
        served.set(address, content);
        return address;
      };
      const race: PageRace = {
        ...rest,
        turns,
        entries: entries.map(({ spec, file }, i) => ({ spec, file: serve(`/models/${i}`, file) })),
        images: images.map((image, i) => serve(`/images/${i}`, image)),
      };
      const { page, close } = await browser.open(served);
      const stop = () => void close();
      signal?.addEventListener("abort", stop);
      try {
        await page.exposeFunction("onTurn", (done: number) => onTurn?.(done));
        await page.exposeFunction("cpuTime", () => browser.cpuTime());
        const script = `import("/toolkit/bench/page.js").then((page) => page.raceInPage(${JSON.stringify(race)}))`;
        return (await page.evaluate(script)) as Awaited<ReturnType<typeof raceInPage>>;
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        signal?.removeEventListener("abort", stop);
        await close();
      }
    },
    close: () => browser.close(),
  };
}
