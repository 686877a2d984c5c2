import { defineConfig } from "vite";

/** Relative addresses, so that the page runs under any path of any host. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  build: {
    outDir: "dist",
    target: "es2022",
    // Only the worker of onnxruntime-web is large, and it is fetched on demand.
    chunkSizeWarningLimit: 1000,
  },
  worker: { format: "es" },
});
