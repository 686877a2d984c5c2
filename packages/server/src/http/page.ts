/** @file The page's files, if its package is installed and built; else a short text that says what to do. */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyPluginAsync } from "fastify";
import { SERVER_NAME } from "../context.js";

/** The page's package; its built files are in `dist`. */
const PAGE_PACKAGE = "@subbyte/web";

/** Folder of the page's files; undefined if they are not built. */
export function findPage(): string | undefined {
  try {
    const folder = join(dirname(createRequire(import.meta.url).resolve(`${PAGE_PACKAGE}/package.json`)), "dist");
    return existsSync(join(folder, "index.html")) ? folder : undefined;
  } catch {
    return undefined;
  }
}

export const pageRoutes: FastifyPluginAsync<{ folder: string | undefined }> = async (app, { folder }) => {
  if (folder === undefined) {
    app.get("/", { schema: { hide: true } }, async (_request, reply) =>
      reply.type("text/html; charset=utf-8").send(PLACEHOLDER),
    );
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    // Files that the bundler names by their content never change.
    setHeaders: (reply, sent) => {
      const path = sent.replace(/\.(br|gz)$/, "");
      const isHashed = /[.-][\w-]{8,}\.\w+$/.test(path) && /[\\/]assets[\\/]/.test(path);
      reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
    },
    cacheControl: false,
    // The page's build puts compressed copies beside its files.
    preCompressed: true,
    schemaHide: true,
  });
};

const PLACEHOLDER = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${SERVER_NAME}</title>
<p>The server runs. Its page is a package of its own: install it with <code>npm install ${PAGE_PACKAGE}</code> beside this server, and
start again. Here are <a href="/docs">the API</a>, <a href="/api/models">the models</a>
and <a href="/metrics">the metrics</a>.</p></html>
`;
