/** @file A static file server for pages that import the engine, with the strictest policy under which it must run. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".png": "image/png",
};

export const strictPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";

/** Only pages with these headers get shared memory. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** Contents by path. */
export type Files = ReadonlyMap<string, string | Uint8Array>;

export interface Site {
  readonly origin: string;
  close(): void | Promise<void>;
}

/** @param files  by path, such as `/page.html` */
export async function serve(files: Files, isolated: boolean, policy = strictPolicy): Promise<Site> {
  const server = createServer((request, response) => {
    const path = new URL(request.url!, "http://site").pathname;
    const body = files.get(path);
    const headers = {
      "Content-Type": contentTypes[extname(path)] ?? "application/octet-stream",
      "Content-Security-Policy": policy,
      ...(isolated ? isolation : {}),
    };
    if (body === undefined) response.writeHead(404, headers).end();
    else response.writeHead(200, { ...headers, "Content-Length": Buffer.byteLength(body) }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
