import { chmod, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder, writeTree } from "../../test/images.js";
import { UsageError } from "../errors.js";
import { type CachedImages, ImageCache } from "./cache.js";

const scratch = await temporaryFolder();
let count = 0;
let folder: string;

beforeEach(() => {
  folder = join(scratch, `cache${count++}`);
});

/** `images` pictures of 10×10 grey pixels. */
function entry(images: number, fill = 1): CachedImages {
  return {
    images: {
      name: "test",
      split: "train",
      classes: ["a", "b"],
      channels: 1,
      storedHeight: 10,
      storedWidth: 10,
      labels: Int32Array.from({ length: images }, (_, i) => i % 2),
      pixels: new Uint8Array(images * 100).fill(fill),
      notes: ["a note"],
    },
    skipped: 2,
  };
}

describe("ImageCache", () => {
  test("gives back what was stored, and nothing for another key", async () => {
    const cache = new ImageCache(folder, 2 ** 20);
    expect(await cache.read("key")).toBeUndefined();
    expect(await cache.write("key", entry(5))).toBeUndefined();
    expect(await cache.read("key")).toMatchObject({
      skipped: 2,
      images: { ...entry(5).images, pixels: expect.anything() },
    });
    expect(new Uint8Array((await cache.read("key"))!.images.pixels)).toEqual(entry(5).images.pixels);
    expect(await cache.read("other")).toBeUndefined();
  });

  test("any changed byte, and any missing end, makes a file worthless; it is removed and can be written again", async () => {
    const cache = new ImageCache(folder, 2 ** 20);
    await cache.write("key", entry(2));
    const path = join(folder, (await readdir(folder))[0]!);
    const good = await readFile(path);
    const damaged = [0, 4, 7, 20, good.length - 1].map((length) => good.subarray(0, length));
    for (let at = 0; at < good.length; at += 7) {
      const bytes = Buffer.from(good);
      bytes[at]! ^= 0x41;
      damaged.push(bytes);
    }
    damaged.push(Buffer.concat([good, Buffer.of(0)]));
    for (const bytes of damaged) {
      await writeFile(path, bytes);
      expect(await cache.read("key")).toBeUndefined();
      expect(await readdir(folder)).toEqual([]);
    }
    await cache.write("key", entry(2));
    expect(await cache.read("key")).toBeDefined();
  });

  test("the least recently used go when the limit is reached", async () => {
    const cache = new ImageCache(folder, 3000);
    for (const [age, key] of ["oldest", "old", "new"].entries()) {
      await cache.write(key, entry(6));
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        const time = new Date(Date.now() - (3 - age) * 60_000);
        if ((await stat(path)).mtimeMs > Date.now() - 30_000) await utimes(path, time, time);
      }
    }
    expect(await cache.read("oldest")).toBeDefined(); // used now
    await cache.write("newest", entry(6));
    const present = await Promise.all(
      ["oldest", "old", "new", "newest"].map(async (key) => (await cache.read(key)) !== undefined),
    );
    expect(present).toEqual([true, false, true, true]);
  });

  test("what a killed process left behind is removed after a day", async () => {
    const cache = new ImageCache(folder, 2 ** 20);
    await writeTree(folder, { ".old.tmp": "half", ".new.tmp": "half", "notes.txt": "mine" });
    for (const name of [".old.tmp", "notes.txt"]) await utimes(join(folder, name), 0, 0);
    await cache.write("key", entry(1));
    expect((await readdir(folder)).sort()).toEqual([".new.tmp", expect.stringMatching(/^images-/), "notes.txt"]);
  });

  test("a set larger than the limit is not stored and removes nothing; a limit of 0 is silent", async () => {
    const cache = new ImageCache(folder, 2000);
    await cache.write("small", entry(5));
    expect(await cache.write("large", entry(50))).toMatch(/exceed the cache's limit/);
    expect(await cache.read("small")).toBeDefined();
    expect(await new ImageCache(folder, 0).write("off", entry(1))).toBeUndefined();
    expect(await cache.read("off")).toBeUndefined();
  });

  test("a folder that cannot be written is mentioned, not an error", async () => {
    await writeTree(scratch, { "a-file": "here" });
    const cache = new ImageCache(join(scratch, "a-file", "subbyte"), 2 ** 20);
    expect(await cache.read("key")).toBeUndefined();
    expect(await cache.write("key", entry(1))).toMatch(/not cached.*next run decodes them anew/);
  });

  test.skipIf(process.getuid?.() === 0)("nor is one without permission", async () => {
    await writeTree(folder, { closed: null });
    await chmod(join(folder, "closed"), 0o500);
    expect(await new ImageCache(join(folder, "closed", "subbyte"), 2 ** 20).write("key", entry(1))).toMatch(
      /permission/,
    );
  });

  test("place and limit come from the environment", async () => {
    const cache = ImageCache.fromEnvironment({ XDG_CACHE_HOME: folder, SUBBYTE_CACHE_LIMIT: "1.5K" });
    expect(await cache.write("key", entry(5))).toBeUndefined();
    expect(await readdir(join(folder, "subbyte"))).toHaveLength(1);
    expect(await cache.write("large", entry(16))).toMatch(/limit/);
    for (const limit of ["4GiB", "500M", "0", "10kb", "7", "", undefined])
      expect(() => ImageCache.fromEnvironment({ SUBBYTE_CACHE_LIMIT: limit })).not.toThrow();
    for (const limit of ["much", "-1", "4X", "GiB"])
      expect(() => ImageCache.fromEnvironment({ SUBBYTE_CACHE_LIMIT: limit })).toThrow(UsageError);
  });
});
