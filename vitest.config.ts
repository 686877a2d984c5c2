import { defineConfig } from "vitest/config";

/**
 * `unit` is what `npm test` runs; `long` holds whole-network, browser and fuzz suites (`*.long.test.ts`).
 * Packages import each other by name, that is, from `dist`: the npm scripts build first.
 */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    setupFiles: ["./vitest.setup.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/{src,test}/**/*.test.ts"],
          exclude: ["**/*.long.test.ts", "**/node_modules/**"],
        },
      },
      {
        extends: true,
        test: { name: "long", include: ["packages/*/{src,test}/**/*.long.test.ts"], testTimeout: 600_000 },
      },
    ],
  },
});
