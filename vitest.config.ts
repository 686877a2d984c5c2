import { defineConfig } from "vitest/config";

/**
 * `unit` is what `npm test` runs; `long` holds whole-network, browser and fuzz suites (`*.long.test.ts`); `all` holds what needs
 * the registry or many minutes, such as installed packages and bundlers (`*.all.test.ts`, `npm run test:all`).
 * Packages import each other by name, that is, from `dist`: the npm scripts build first.
 */
export default defineConfig({
  test: {
    // Far more than a test takes: nothing fails because the machine is busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: "forks",
    maxWorkers: 2,
    setupFiles: ["./vitest.setup.ts"],
    // The kernels' peer in tests is onnxruntime-node itself; it must record nothing there either.
    env: { ORT_DISABLE_TELEMETRY: "1" },
    // `npm run coverage`. A package that imports another runs its dist/, so a file counts as covered by its own package's tests only.
    coverage: {
      include: ["packages/*/src/**/*.{ts,tsx}"],
      exclude: ["**/*.test.ts", "packages/toolkit/src/testing/**"],
      reporter: ["text-summary", "json-summary", "html"],
    },
    server: { deps: { external: [/\/dist\/vendor\//] } },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/{src,test}/**/*.test.ts"],
          exclude: ["**/*.long.test.ts", "**/*.all.test.ts", "**/node_modules/**"],
        },
      },
      {
        extends: true,
        test: { name: "long", include: ["packages/*/{src,test}/**/*.long.test.ts"], testTimeout: 600_000 },
      },
      {
        extends: true,
        test: { name: "all", include: ["packages/*/{src,test}/**/*.all.test.ts"], testTimeout: 1_800_000 },
      },
    ],
  },
});
