import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { folder, png, subbyte, write } from "../test/subbyte.js";
import { inTerminal } from "../test/terminal.js";

const weights = "run/best.safetensors";
const calibration = "--data mnist --limit 300 --calibration-images 32 --method mse --weights 6 --activations 6 --force";

beforeAll(async () => {
  const lines = [
    "train --arch resnet8 --data mnist --limit 300 --batch 32 --epochs 1 --out run --quiet",
    `quantize ${weights} ${calibration} --out tiny.sbq --quiet`,
  ];
  for (const line of lines) expect(await subbyte(...line.split(" "))).toMatchObject({ status: 0 });
}, 300_000);

describe.each([80, 120])("in a terminal of %i columns", (columns) => {
  const see = (line: string) => inTerminal(columns, ...line.split(" "));

  test("train shows the epochs that are done, and its result below them", async () => {
    const out = `terminal-${columns}`;
    const { status, lines } = await see(`train --arch resnet8 --data mnist --limit 4000 --epochs 1 --out ${out}`);
    const done = lines.findIndex((line) => /^✔ epoch 1\/1 · loss \S+ · accuracy .* · (\d+ min )?\d+ s$/.test(line));
    expect(lines.slice(done).join("\n")).toMatch(/^epoch 1: loss \d\.\d{4}, held-out accuracy/m);
    expect(lines.join("\n")).not.toMatch(/[█░]/);
    expect(status).toBe(0);
    expect(existsSync(join(folder, out, "best.safetensors"))).toBe(true);
  }, 300_000);

  test("quantize leaves its notes and its result to read", async () => {
    const { status, lines, wrapped } = await see(`quantize ${weights} ${calibration} --out seen-${columns}.sbq`);
    const text = lines.join("\n");
    const table = lines.slice(lines.findIndex((line) => line.startsWith("network ")));
    expect(table[0]).toMatch(/^network +accuracy +agreement +size +ms\/image +CPU ms$/);
    expect(table[1]).toMatch(/^float +\S+ % +\S+ kB$/);
    expect(table[2]).toMatch(/^W6 A6 +\S+ % +\S+ % +\S+ kB +\d\S+ +\d\S+$/);
    expect(table.slice(3).join(" ")).toMatch(/of the integer engine on 268 held-out training images/);
    expect(wrapped).toEqual([]);
    expect(text).toMatch(new RegExp(`seen-${columns}\\.sbq`));
    expect(text).not.toMatch(/[█░]/);
    expect(status).toBe(0);
  }, 300_000);

  test("inspect --compare prints its table below the progress", async () => {
    const { status, lines, wrapped } = await see(`inspect tiny.sbq --compare ${weights} --data mnist --limit 40`);
    const at = lines.findIndex((line) => /^layer +W +A +alone dB +cumulative dB +cause$/.test(line));
    // Of a cause that is too long, what is read first is there.
    expect(lines[at + 1]).toMatch(/ (rounding of |clipping of |the bias's |dead: |exact )/);
    const text = lines.join(" ");
    expect(text).toMatch(/agreement with float/);
    expect(lines.some((line) => /^proposed for +W +A$/.test(line))).toBe(true);
    expect(text).toMatch(
      /The file would grow by \S+ k?B\. .*on 20 images that were not calibrated on: accuracy \S+ % → \S+ %, agreement/,
    );
    expect(wrapped).toEqual([]);
    expect(status).toBe(0);
  }, 300_000);

  test.each(["inspect tiny.sbq", `inspect ${weights}`])(
    "%s has a table that fits, its head above its columns",
    async (line) => {
      const { lines } = await see(line);
      const at = lines.findIndex((text) => text.startsWith("layer "));
      const table = lines.slice(at, lines.indexOf("", at));
      expect(table.length).toBeGreaterThan(5);
      for (const row of table) expect(row.length).toBeLessThanOrEqual(columns);
      // Texts are aligned left: the second column begins where its head does.
      const column = table[0]!.indexOf("operator");
      for (const row of table.slice(1)) expect(row.slice(column - 2, column + 1)).toMatch(/^ {2}\S/);
    },
    120_000,
  );

  test("classify cuts names of files that are too long", async () => {
    const photo = `${"a-long-name-".repeat(12)}/photo.png`;
    write(photo, png(40, 30, 90));
    const { lines, wrapped } = await see(`classify tiny.sbq ${photo} --top 2`);
    expect(lines.slice(lines.findIndex((text) => /^image +class +probability$/.test(text)))).toHaveLength(3);
    expect(lines.join("\n")).toMatch(/^….*long-name-\/photo\.png +\d +\S+ %$/m);
    expect(wrapped).toEqual([]);
  }, 120_000);

  test("an error is broken between words", async () => {
    const { status, lines, wrapped } = await see(`evaluate tiny.sbq --data ${"no-such-folder/".repeat(3)}`);
    expect(lines.findIndex((line) => line.startsWith("error: "))).toBeLessThan(lines.length - 1);
    expect(lines.join("\n")).toMatch(/^error: /m);
    expect(wrapped).toEqual([]);
    expect(status).toBe(2);
  }, 120_000);

  test("help fits", async () => {
    const { lines, wrapped } = await see("quantize --help");
    const options = lines.slice(
      0,
      lines.findIndex((text) => text.startsWith("Example")),
    );
    expect(wrapped.filter((text) => options.includes(text))).toEqual([]);
    expect(options.length).toBeGreaterThan(50);
  }, 120_000);
});
