/** @file The same race in headless Chromium: a page from a server of our own, the engine and onnxruntime-web as browsers get them. */

import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, extname, join, normalize } from "node:path";
import type * as Playwright from "playwright-core";
import { UsageError } from "../errors.js";
import type { RunRace } from "./engine-bench.js";
import type { PageRace, raceInPage } from "./page.js";

const require = createRequire(import.meta.url);

/** Where Chromium may be installed; Playwright's own is taken where it is at none. */
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface BrowserRace {
  /** Such as `"Chromium 140.0.7339.80"`. */
  readonly browser: string;
  readonly runRace: RunRace;
  close(): Promise<void>;
}

/**
 * Starts the browser. Each race gets a page of its own.
 * @throws {UsageError} where Playwright or a browser is missing
 */
export async function raceInBrowser(): Promise<BrowserRace> {
  const browser = await launch();
  return {
    browser: `Chromium ${browser.version()}`,
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
      const server = await startServer(served);
      const page = await browser.newPage();
      const stop = () => void page.close();
      signal?.addEventListener("abort", stop);
      try {
        await page.exposeFunction("onTurn", (done: number) => onTurn?.(done));
        await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
        const script = `import("/toolkit/bench/page.js").then((page) => page.raceInPage(${JSON.stringify(race)}))`;
        return (await page.evaluate(script)) as Awaited<ReturnType<typeof raceInPage>>;
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        signal?.removeEventListener("abort", stop);
        await page.close();
        server.close();
      }
    },
    close: () => browser.close(),
  };
}

async function launch(): Promise<Playwright.Browser> {
  let playwright: typeof Playwright;
  try {
    playwright = await import("playwright-core");
  } catch (error) {
    throw new UsageError(
      "not-installed",
      { package: "playwright-core" },
      "--browser needs Playwright to start a browser: npm install playwright-core.",
      {
        cause: error,
      },
    );
  }
  const executablePath = CHROMIUM.find(existsSync);
  try {
    return await playwright.chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ARGUMENTS });
  } catch (error) {
    const looked = executablePath ?? `${CHROMIUM.join(", ")} and Playwright's own folder`;
    throw new UsageError(
      "not-installed",
      { package: "chromium", reason: (error as Error).message },
      `--browser: Chromium did not start (${looked}): ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

/** What a package's `exports` or `imports` says of one specifier: conditions and their files. */
type Conditions = Readonly<Record<string, string>>;

/** Folders of modules by the first part of their address, and what bare import specifiers mean in the page. */
function modules() {
  const engine = join(dirname(require.resolve("@subbyte/engine")), "..");
  const description = JSON.parse(readFileSync(join(engine, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, Conditions>>;
    readonly imports: Readonly<Record<string, Conditions>>;
  };
  const inBrowsers = ({ default: file }: Conditions): string => `/engine/${file!.replace(/^\.\//, "")}`;
  return {
    folders: {
      toolkit: dirname(dirname(require.resolve("#bench-page"))),
      ort: dirname(require.resolve("onnxruntime-web")),
      engine,
    } as Readonly<Record<string, string>>,
    imports: {
      "@subbyte/engine": inBrowsers(description.exports["."]!),
      ...Object.fromEntries(Object.entries(description.imports).map(([name, file]) => [name, inBrowsers(file)])),
      "onnxruntime-web": "/ort/ort.wasm.bundle.min.mjs",
    },
  };
}

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** Cross-origin isolated, so that the page has a fine clock and threads. */
const HEADERS = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

async function startServer(served: ReadonlyMap<string, Uint8Array>): Promise<Server> {
  const { folders, imports } = modules();
  const page = `<!doctype html><meta charset="utf-8"><script type="importmap">${JSON.stringify({ imports })}</script>`;
  const contentOf = async (address: string): Promise<Uint8Array | string | undefined> => {
    if (address === "/") return page;
    const [, folder, ...path] = normalize(address).split("/");
    const root = folders[folder!];
    return served.get(address) ?? (root === undefined ? undefined : await readFile(join(root, ...path)));
  };
  const server = createServer(async (request, response) => {
    const address = new URL(request.url!, "http://localhost").pathname;
    const content = await contentOf(address).catch(() => undefined);
    const type = address === "/" ? "text/html" : (TYPES[extname(address)] ?? "application/octet-stream");
    response.writeHead(content === undefined ? 404 : 200, { ...HEADERS, "content-type": type }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
