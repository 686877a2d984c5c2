/** @file The page and a folder of models from a plain file server, on this machine only. */

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import sirv from "sirv";

/** Where `vite build` puts the page. */
export const siteFolder = fileURLToPath(new URL("../dist", import.meta.url));

/** Pages with these headers get shared memory, and threads with it. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/**
 * @param {{ models: string, isolated?: boolean, port?: number }} options
 * @returns {Promise<{ origin: string, close(): Promise<void> }>}
 */
export async function serveStatic({ models, isolated = false, port = 0 }) {
  const page = sirv(siteFolder, { dev: true, brotli: true, gzip: true, setHeaders: withIsolation });
  const files = sirv(models, { dev: true, setHeaders: withIsolation });
  const notFound = (response) => () => response.writeHead(404).end();
  function withIsolation(response) {
    if (isolated) for (const [name, value] of Object.entries(isolation)) response.setHeader(name, value);
  }
  const server = createServer((request, response) => {
    if (!request.url.startsWith("/models/")) return page(request, response, notFound(response));
    request.url = request.url.slice("/models".length);
    files(request, response, notFound(response));
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
