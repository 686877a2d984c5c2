import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const root = import.meta.dirname;
const serviceWorker = "service-worker.js";
/** Copied from `public/` as they are. */
const publicFiles = ["icon.png", "icon.svg", "manifest.webmanifest"];
/** Other runtimes: fetched only where somebody asks for one. */
const onDemand = /(^|\/)(float-|ort-|litert[-_]|__vite-browser-external)/;

/** Tells the service worker which files make up the page; it changes, and with it the browser's copy, whenever one of them does. */
function precache(): Plugin {
  return {
    name: "subbyte-precache",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const built = Object.values(bundle).filter(
          ({ fileName }) => fileName !== serviceWorker && !fileName.endsWith(".map") && !onDemand.test(fileName),
        );
        const hash = createHash("sha256");
        for (const file of built) hash.update(file.type === "chunk" ? file.code : file.source);
        for (const name of publicFiles) hash.update(readFileSync(join(root, "public", name)));
        const files = [...built.map(({ fileName }) => fileName), ...publicFiles].sort();
        const worker = bundle[serviceWorker];
        if (worker?.type !== "chunk") throw new Error(`the build has no ${serviceWorker}`);
        const list = JSON.stringify({ files, version: hash.digest("hex").slice(0, 16) });
        worker.code = worker.code.replaceAll("__PRECACHE__", list);
      },
    },
  };
}

const compressible = /\.(js|css|html|svg|wasm|webmanifest)$/;

/** Puts a compressed copy beside each file that gets smaller, for servers that send such copies; others compress, or not, as they do. */
function precompress(): Plugin {
  return {
    name: "subbyte-precompress",
    apply: "build",
    async writeBundle({ dir }) {
      const names = (await readdir(dir!, { recursive: true })).filter((name) => compressible.test(name));
      await Promise.all(
        names.map(async (name) => {
          const path = join(dir!, name);
          const content = await readFile(path);
          if (content.length < 1000) return;
          // WebAssembly of other runtimes has 14 MB: the best compression would take minutes.
          const isLarge = content.length > 1e6;
          await writeFile(`${path}.gz`, await gzipped(content, { level: isLarge ? 6 : 9 }));
          if (!isLarge) await writeFile(`${path}.br`, await brotlied(content));
        }),
      );
    },
  };
}

const [gzipped, brotlied] = [promisify(gzip), promisify(brotliCompress)];

/** The page's own workers only prepare pictures: from the engine's single modules the bundler takes what they use, and no kernels. */
const withoutKernels = (): Plugin => ({
  name: "subbyte-without-kernels",
  enforce: "pre",
  resolveId: (source) =>
    source === "@subbyte/engine" ? fileURLToPath(new URL("../engine/dist/index.js", import.meta.url)) : undefined,
});

/** Relative addresses, so that the page runs under any path of any host. */
export default defineConfig({
  root,
  base: "./",
  plugins: [precache(), precompress()],
  build: {
    target: "es2022",
    // Only the worker of onnxruntime-web is large, and it is fetched on demand.
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      input: { index: join(root, "index.html"), "service-worker": join(root, "src/sw/service-worker.ts") },
      output: {
        entryFileNames: ({ name }) => (name === "service-worker" ? serviceWorker : "assets/[name]-[hash].js"),
      },
    },
  },
  worker: { format: "es", plugins: () => [withoutKernels()] },
});
