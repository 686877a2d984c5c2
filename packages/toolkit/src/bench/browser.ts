/**
 * @file Opens pages in headless Chromium that run our modules and those of other runtimes, from our own server. The pages
 * cannot reach anything else: a request to another host fails and is recorded.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, extname, join, normalize } from "node:path";
import type * as Playwright from "playwright-core";
import { UsageError } from "../errors.js";
import type { PeerContestant } from "./comparison.js";

const require = createRequire(import.meta.url);

/** Paths at which Chromium may be installed; if it is at none of them, Playwright's own is used. */
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

/** An open page. */
export interface ServedPage {
  readonly page: Playwright.Page;
  /** Addresses on other hosts that the page requested; the requests failed. */
  readonly foreignRequests: readonly string[];
  close(): Promise<void>;
}

export interface Browser {
  /** Such as `"Chromium 140.0.7339.80"`. */
  readonly name: string;
  /** @param files served in addition to the modules, by address, such as `/models/0` */
  open(files: ReadonlyMap<string, Uint8Array>): Promise<ServedPage>;
  /** Processor time of all pages' processes so far, in milliseconds. */
  cpuTime(): Promise<number>;
  close(): Promise<void>;
}

/**
 * @param flags command-line flags of the browser, in addition to those that every page needs
 * @throws {UsageError} if Playwright or a browser is missing
 */
export async function openBrowser(flags: readonly string[] = []): Promise<Browser> {
  const browser = await launch(flags);
  const devTools = await browser.newBrowserCDPSession();
  return {
    name: `Chromium ${browser.version()}`,
    open: async (files) => {
      const server = await startServer(files);
      const page = await browser.newPage();
      const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
      const foreignRequests: string[] = [];
      await page.route(
        (url) => url.origin !== origin && !["data:", "blob:"].includes(url.protocol),
        (route) => {
          foreignRequests.push(route.request().url());
          return route.abort();
        },
      );
      await page.goto(`${origin}/`);
      return {
        page,
        foreignRequests,
        close: async () => {
          await page.close();
          server.close();
        },
      };
    },
    cpuTime: async () => {
      const { processInfo } = await devTools.send("SystemInfo.getProcessInfo");
      return processInfo
        .filter(({ type }) => type === "renderer")
        .reduce((sum, { id, cpuTime }) => sum + (threadTime(id) ?? 1000 * cpuTime), 0);
    },
    close: () => browser.close(),
  };
}

/**
 * Milliseconds that a process's threads have run. On Linux it is exact to a nanosecond; DevTools counts hundredths of a second.
 * Undefined on other systems.
 */
function threadTime(processId: number): number | undefined {
  const folder = `/proc/${processId}/task`;
  try {
    const nanoseconds = readdirSync(folder).map((thread) =>
      Number(readFileSync(join(folder, thread, "schedstat"), "utf8").split(" ")[0]),
    );
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
  } catch {
    return undefined;
  }
}

async function launch(flags: readonly string[]): Promise<Playwright.Browser> {
  let playwright: typeof Playwright;
  try {
    playwright = await import("playwright-core");
  } catch (error) {
    throw new UsageError(
      "not-installed",
      { package: "playwright-core" },
      "`browser` needs Playwright to start a browser: npm install playwright-core.",
      { cause: error },
    );
  }
  const executablePath = CHROMIUM.find(existsSync);
  try {
    return await playwright.chromium.launch({
      ...(executablePath ? { executablePath } : {}),
      args: [...ARGUMENTS, ...flags],
    });
  } catch (error) {
    const looked = executablePath ?? `${CHROMIUM.join(", ")} and Playwright's own folder`;
    throw new UsageError(
      "not-installed",
      { package: "chromium", reason: (error as Error).message },
      `\`browser\`: Chromium did not start (${looked}): ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** One entry of a package's `exports` or `imports`: files by condition. */
type Conditions = Readonly<Record<string, string>>;

/** A peer's folder in `node_modules`, or undefined if it is not installed. */
function packageFolder(name: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    const found = join(folder, name);
    if (existsSync(join(found, "package.json"))) return found;
  }
  return undefined;
}

/**
 * Other runtimes by the first part of their modules' addresses: the package, and the file to which an import of it resolves.
 */
const PEERS: Readonly<Record<string, { readonly package: string; readonly module?: string }>> = {
  ort: { package: "onnxruntime-web", module: "dist/ort.wasm.bundle.min.mjs" },
  litert: { package: "@litertjs/core", module: "dist/index.js" },
  "litert-utils": { package: "@litertjs/wasm-utils", module: "dist/index.js" },
  "tf-core": { package: "@tensorflow/tfjs-core" },
  "tf-wasm": { package: "@tensorflow/tfjs-backend-wasm" },
  flatbuffers: { package: "flatbuffers", module: "mjs/flatbuffers.js" },
};

/** The packages that each runtime of a page needs. */
const RUNTIMES = {
  "ort-web": ["onnxruntime-web"],
  litert: ["@litertjs/core", "@litertjs/wasm-utils"],
  tfjs: ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm"],
} as const satisfies Partial<Record<PeerContestant["runtime"], readonly string[]>>;

export type BrowserRuntime = keyof typeof RUNTIMES;

/** The runtimes that a page can race against, and the packages of those that are not installed. */
export function browserRuntimes(): {
  readonly installed: readonly BrowserRuntime[];
  readonly missing: Readonly<Partial<Record<BrowserRuntime, readonly string[]>>>;
} {
  const all = Object.entries(RUNTIMES) as [BrowserRuntime, readonly string[]][];
  const absent = (packages: readonly string[]) => packages.filter((name) => packageFolder(name) === undefined);
  return {
    installed: all.flatMap(([runtime, packages]) => (absent(packages).length === 0 ? [runtime] : [])),
    missing: Object.fromEntries(
      all.flatMap(([runtime, packages]) => (absent(packages).length === 0 ? [] : [[runtime, absent(packages)]])),
    ),
  };
}

/**
 * Folders of modules by the first part of their address, and the addresses to which bare import specifiers resolve in the page.
 */
function modules() {
  const engine = join(dirname(require.resolve("@subbyte/engine")), "..");
  const description = JSON.parse(readFileSync(join(engine, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, Conditions>>;
    readonly imports: Readonly<Record<string, Conditions>>;
  };
  const inBrowsers = ({ default: file }: Conditions): string => `/engine/${file!.replace(/^\.\//, "")}`;
  const folders: Record<string, string> = { toolkit: dirname(dirname(require.resolve("#bench-page"))), engine };
  const imports: Record<string, string> = {
    "@subbyte/engine": inBrowsers(description.exports["."]!),
    ...Object.fromEntries(Object.entries(description.imports).map(([name, file]) => [name, inBrowsers(file)])),
  };
  for (const [place, { package: name, module }] of Object.entries(PEERS)) {
    const folder = packageFolder(name);
    if (folder === undefined) continue;
    folders[place] = folder;
    if (module !== undefined) imports[name] = `/${place}/${module}`;
  }
  return { folders, imports };
}

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** Cross-origin isolation gives the page a precise clock and threads. */
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
