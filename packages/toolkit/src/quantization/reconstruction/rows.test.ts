import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MachineError } from "../../errors.js";
import { createRows } from "./rows.js";

const values = Float32Array.from({ length: 12 }, (_, i) => i / 7);

test.each([
  ["memory", 48],
  ["a file", 47],
])("rows in %s are read as they were written, and leave nothing", async (_, memoryBytes) => {
  const folder = await mkdtemp(join(tmpdir(), "subbyte-rows-"));
  try {
    const rows = createRows(4, 3, { memoryBytes, folder });
    rows.write(2, values.subarray(6));
    rows.write(0, values.subarray(0, 6));
    expect(rows.row(3)).toEqual(values.subarray(9));
    expect(rows.slice(1, 2)).toEqual(values.subarray(3, 9));
    // The file has no name while it is open, so that it goes with the process; Windows cannot do that.
    if (process.platform !== "win32") expect(await readdir(folder)).toEqual([]);
    rows.close();
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a folder that cannot be written to is named", () => {
  expect(() => createRows(4, 3, { memoryBytes: 0, folder: "/absent/folder" })).toThrow(MachineError);
});
