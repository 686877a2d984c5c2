/** @file Runs the built command as a user does, in a folder of its own, and makes what it reads. */

import { execFile, type SpawnOptions, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { afterAll } from "vitest";

export const program = join(import.meta.dirname, "../dist/main.js");

/** A folder that is removed after the tests of a file; decoded images are cached in it, too. */
export const folder = mkdtempSync(join(tmpdir(), "subbyte-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The environment of the commands: a cache of images of their own, and no colors. */
export const environment = { ...process.env, XDG_CACHE_HOME: join(folder, "cache"), NO_COLOR: "1" };

const options = { cwd: folder, env: environment };

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `subbyte` with these arguments. */
export const subbyte = (...args: readonly string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...args],
      { ...options, maxBuffer: 2 ** 26 },
      (_, stdout, stderr) => resolve({ status: child.exitCode, stdout, stderr }),
    );
  });

/** The same, with streams for the caller. */
export const start = (args: readonly string[], more: SpawnOptions = {}) =>
  spawn(process.execPath, [program, ...args], { ...options, ...more });

/** Writes a file in the folder; returns its path. */
export function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A grey PNG of one shade. */
export function png(width: number, height: number, shade: number): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]); // 8 bits, grey
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(width, shade)]); // filter "none"
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => line)));
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", pixels),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

/** Writes class folders `0`, `1`, … with these numbers of images. */
export function writeClasses(name: string, counts: readonly number[], size = 28): string {
  counts.forEach((count, label) => {
    mkdirSync(join(folder, name, String(label)), { recursive: true });
    for (let i = 0; i < count; i++) write(join(name, String(label), `${i}.png`), png(size, size, 20 * label + i));
  });
  return join(folder, name);
}

const shared = [process.env.SUBBYTE_SHARED, join(import.meta.dirname, "../../../../shared")];

/** A file of the optional test data in `$SUBBYTE_SHARED` or `../shared`; `undefined` if it is absent. */
export function sharedFile(name: string): string | undefined {
  const path = shared.flatMap((place) => (place ? [join(place, name)] : [])).find(existsSync);
  if (!path) console.warn(`skipped: no test data "${name}" in $SUBBYTE_SHARED or ../shared`);
  return path;
}
