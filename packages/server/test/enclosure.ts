/** @file A server with all its files in one folder, so that tests see which files a request leaves behind. */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import type { ServerOptions } from "../src/options.js";
import type { RunningServer } from "../src/server.js";
import { temporaryFolder, testServer } from "./models.js";

/** Uploads with this name belong nowhere. */
export const ESCAPED = "subbyte-escaped.png";

/** Where a path that leads out of a folder would end. */
const around = () => ["/", "/tmp", process.cwd(), join(process.cwd(), "..")];

export interface Enclosure {
  readonly server: RunningServer;
  /** Files and folders that were not there before the server started. */
  written(): string[];
}

/** @param files  of the models' folder */
export async function enclosedServer(
  files: Readonly<Record<string, Uint8Array>>,
  options: Partial<ServerOptions> = {},
): Promise<Enclosure> {
  const root = temporaryFolder();
  const [models, temporary] = [join(root, "deep/models"), join(root, "deep/tmp")];
  for (const folder of [models, temporary]) mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(models, name), content);
  vi.stubEnv("TMPDIR", temporary);
  const entries = () => readdirSync(root, { recursive: true }) as string[];
  const before = new Set(entries());
  return {
    server: await testServer({ models, ...options }),
    written: () => [
      ...entries().filter((entry) => !before.has(entry)),
      ...around()
        .map((folder) => join(folder, ESCAPED))
        .filter(existsSync),
    ],
  };
}
