import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { builtInStudies, builtInStudy } from "./built-in.js";
import { readStudy } from "./read-study.js";

describe("built-in studies", () => {
  test("are the files of the folder", async () => {
    const files = await readdir(new URL("../../studies", import.meta.url));
    expect(files.toSorted()).toEqual(builtInStudies.map((name) => `${name}.yaml`).toSorted());
  });

  test.each(builtInStudies)("%s is read without faults and named after its file", async (name) => {
    const { study, document } = readStudy(await builtInStudy(name), `${name}.yaml`);
    document.requireFaultless();
    expect(study.name).toBe(name);
    expect(study.cells.length).toBeGreaterThan(0);
  });
});
