import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DataError, InterruptedError, MachineError, UsageError } from "../errors.js";
import { Random } from "../random.js";
import { download } from "./download.js";
import { type DownloadProgress, downloadFile } from "./download-file.js";

const random = new Random(1);
const content = Buffer.from(Uint8Array.from({ length: 300_000 }, () => random.integer(256)));
const md5 = createHash("md5").update(content).digest("hex");
const quick = { retryDelayMs: 1 };

let folder: string;
let path: string;
let close: (() => Promise<void>) | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-download-"));
  path = join(folder, "data", "file.tgz");
});

afterEach(async () => {
  await close?.();
  close = undefined;
  await rm(folder, { recursive: true, force: true });
});

interface Asked {
  readonly range: string | undefined;
}

/** A server whose every request goes to `answer`; returns its address and the requests as they come. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse, count: number) => void) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    asked.push({ range: request.headers.range });
    answer(request, response, asked.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.tgz`, asked };
}

/** Sends `body` as a server with range support does. Cuts the connection after `cutAfter` bytes. */
function send(request: IncomingMessage, response: ServerResponse, cutAfter = Number.POSITIVE_INFINITY, body = content) {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (start >= body.length && start > 0) {
    response.writeHead(416, { "content-range": `bytes */${body.length}` }).end();
    return;
  }
  const rest = body.subarray(start);
  if (start > 0)
    response.writeHead(206, {
      "content-length": rest.length,
      "content-range": `bytes ${start}-${body.length - 1}/${body.length}`,
    });
  else response.writeHead(200, { "content-length": rest.length });
  if (cutAfter >= rest.length) response.end(rest);
  else response.write(rest.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 100));
}

describe("downloadFile", () => {
  test("fetches a file, reports progress, and does nothing when it is there", async () => {
    const { url, asked } = await serve((request, response) => send(request, response));
    const progress: DownloadProgress[] = [];
    await downloadFile({ url, md5 }, path, { onProgress: (p) => progress.push(p) });
    expect(content.equals(await readFile(path))).toBe(true);
    expect(progress.at(-1)).toEqual({ bytes: content.length, of: content.length });
    expect(await readdir(join(folder, "data"))).toEqual(["file.tgz"]);
    await downloadFile({ url, md5 }, path);
    expect(asked).toHaveLength(1);
  });

  test("continues after each cut where the connection ended", async () => {
    const { url, asked } = await serve((request, response, count) =>
      send(request, response, count <= 6 ? 40_000 : undefined),
    );
    await downloadFile({ url, md5 }, path, quick);
    expect(content.equals(await readFile(path))).toBe(true);
    const starts = asked.map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? "bytes=0-")?.[1]));
    expect(starts).toHaveLength(7);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(starts[6]).toBeGreaterThan(40_000);
  });

  test("continues what an earlier process left", async () => {
    const { url, asked } = await serve((request, response, count) =>
      count === 1 ? send(request, response, 100_000) : send(request, response),
    );
    await expect(downloadFile({ url, md5 }, path, { attempts: 1 })).rejects.toThrow(MachineError);
    const { size } = await stat(`${path}.part`);
    expect(size).toBeGreaterThan(0);
    await downloadFile({ url, md5 }, path);
    expect(content.equals(await readFile(path))).toBe(true);
    expect(asked[1]!.range).toBe(`bytes=${size}-`);
  });

  test("starts anew where the server does not know ranges", async () => {
    const { url, asked } = await serve((_request, response, count) => {
      response.writeHead(200, { "content-length": content.length });
      if (count > 1) response.end(content);
      else response.write(content.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 100));
    });
    await downloadFile({ url, md5 }, path, quick);
    expect(content.equals(await readFile(path))).toBe(true);
    expect(asked[1]!.range).toMatch(/^bytes=\d+-$/);
  });

  test("takes a complete part file, and discards one that is too long", async () => {
    const { url } = await serve((request, response) => send(request, response));
    await downloadFile({ url, md5 }, path);
    await rename(path, `${path}.part`);
    await downloadFile({ url, md5 }, path, quick);
    expect(content.equals(await readFile(path))).toBe(true);
    await rm(path);
    await writeFile(`${path}.part`, Buffer.concat([content, content]));
    await downloadFile({ url, md5 }, path, quick);
    expect(content.equals(await readFile(path))).toBe(true);
  });

  test("a wrong checksum is an error, and the part file goes", async () => {
    const { url } = await serve((request, response) => send(request, response));
    const wrong = "0".repeat(32);
    const failure = downloadFile({ url, md5: wrong }, path);
    await expect(failure).rejects.toThrow(DataError);
    await expect(failure).rejects.toThrow(new RegExp(`MD5 ${md5}, expected ${wrong}`));
    expect(await readdir(join(folder, "data"))).toEqual([]);
  });

  test("another file of that name is left alone", async () => {
    path = join(folder, "file.tgz");
    await writeFile(path, "mine");
    await expect(downloadFile({ url: "http://127.0.0.1:9/", md5 }, path)).rejects.toThrow(/checksum is not that/);
    expect(await readFile(path, "utf8")).toBe("mine");
  });

  test("a missing file is not asked for again; a struggling server is", async () => {
    const missing = await serve((_request, response) => response.writeHead(404).end());
    await expect(downloadFile({ url: missing.url, md5 }, path, quick)).rejects.toThrow(/answered 404/);
    expect(missing.asked).toHaveLength(1);
    await close?.();
    const busy = await serve((request, response, count) =>
      count < 4 ? response.writeHead(503).end() : send(request, response),
    );
    await downloadFile({ url: busy.url, md5 }, path, quick);
    expect(content.equals(await readFile(path))).toBe(true);
  });

  test("gives up on a server that nobody runs", async () => {
    const { url } = await serve(() => {});
    await close?.();
    close = undefined;
    await expect(downloadFile({ url, md5 }, path, { ...quick, attempts: 3 })).rejects.toThrow(
      /ECONNREFUSED.*3 attempts/s,
    );
  });

  test("a silent connection counts as cut", async () => {
    const { url } = await serve((request, response, count) => {
      if (count > 1) send(request, response);
      else {
        response.writeHead(200, { "content-length": content.length });
        response.write(content.subarray(0, 1000));
      }
    });
    await downloadFile({ url, md5 }, path, { ...quick, silenceMs: 200 });
    expect(content.equals(await readFile(path))).toBe(true);
  });

  test("an interruption keeps what is there", async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 10_000));
    });
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: () => controller.abort() };
    await expect(downloadFile({ url, md5 }, path, options)).rejects.toThrow(InterruptedError);
    expect((await stat(`${path}.part`)).size).toBeGreaterThan(0);
  });

  test.skipIf(!existsSync("/dev/full"))("a full disk is the machine's failure", async () => {
    const { url, asked } = await serve((request, response) => send(request, response));
    path = join(folder, "file.tgz");
    await symlink("/dev/full", `${path}.part`);
    const failure = downloadFile({ url, md5 }, path, quick);
    await expect(failure).rejects.toThrow(MachineError);
    await expect(failure).rejects.toThrow(/disk is full/);
    expect(asked).toHaveLength(1);
  });
});

describe("download", () => {
  test("knows its data sets by name, and a mirror must send the published file", async () => {
    await expect(download("cifar100", { folder })).rejects.toThrow(UsageError);
    await expect(download("toString", { folder })).rejects.toThrow(/there are cifar10 and imagenette/);
    const { url } = await serve((request, response) => send(request, response));
    await expect(download("cifar10", { folder, url })).rejects.toThrow(/expected c32a1d4ab5d03f1284b67883e8d87530/);
  });
});
