/** @file Small models for tests of the server, in folders that are gone after the tests. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { type Preprocessing, type Program, writeSbq } from "@subbyte/engine";
import sharp from "sharp";
import { afterAll } from "vitest";
import { everyOperator } from "../../engine/test/networks.js";
import { Random } from "../../engine/test/programs.js";
import type { ServerOptions } from "../src/options.js";
import { type InternalOptions, type RunningServer, startServer } from "../src/server.js";

export const LABELS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

export const PREPROCESSING: Preprocessing = {
  channels: 3,
  height: 8,
  width: 8,
  resize: "shorter-side",
  resizeTo: 9,
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
};

/** A network with every operator: `[3, 8, 8]` to 10 logits; images of any size. */
export function testProgram(seed: number, bits = 4, preprocessing = PREPROCESSING): Program {
  return {
    ...everyOperator(new Random(seed), { bits }),
    name: `test-${seed}`,
    labels: LABELS,
    preprocessing,
    provenance: { accuracy: { "test images": 0.875 } },
  };
}

export const testModel = (seed: number, bits?: number, preprocessing?: Preprocessing): Uint8Array =>
  writeSbq(testProgram(seed, bits, preprocessing));

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "subbyte-server-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder with these files. */
export function modelFolder(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** A server on a free port, closed after the tests. */
export async function testServer(
  options: Partial<ServerOptions> & Pick<ServerOptions, "models">,
  internal: InternalOptions = {},
): Promise<RunningServer> {
  const server = await startServer(
    {
      port: 0,
      log: false,
      watch: false,
      page: false,
      workers: 1,
      // A busy machine is no reason to refuse or to give up.
      maxWait: 3_600_000,
      requestTimeout: 240_000,
      shutdownTimeout: 240_000,
      ...options,
    },
    internal,
  );
  afterAll(() => server.close());
  return server;
}

/** A photograph-like picture. */
export const picture = (seed: number, width = 24, height = 17): sharp.Sharp =>
  sharp(Buffer.from(new Random(seed).bytes(3 * width * height)), { raw: { width, height, channels: 3 } });

export const png = (seed: number, width?: number, height?: number): Promise<Buffer> =>
  picture(seed, width, height).png().toBuffer();

/** A PNG whose header says how large it is and whose pixels are missing: what a decompression bomb looks like before it is opened. */
export function bomb(width = 60_000, height = 60_000): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const typed = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const framed = Buffer.alloc(typed.length + 8);
    framed.writeUInt32BE(data.length, 0);
    typed.copy(framed, 4);
    framed.writeUInt32BE(crc32(typed), framed.length - 4);
    return framed;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8); // 8 bits, RGB
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.alloc(64))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A form as browsers send it. */
export function form(fields: Readonly<Record<string, string>>, images: readonly Uint8Array[]): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  images.forEach((image, i) => {
    data.append("images", new Blob([image as Uint8Array<ArrayBuffer>]), `image-${i}.png`);
  });
  return data;
}

/** Waits until `condition` holds; the test's own timeout ends what never does. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export const classify = (url: string, model: string, image: Uint8Array): Promise<Response> =>
  fetch(`${url}/classify`, { method: "POST", body: form({ model, logits: "true" }, [image]) });
