import { expect, test } from "vitest";
import { parseCpuInfo, processor } from "./cpu.js";

test("what Linux says of a processor", () => {
  const text =
    "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nflags\t\t: fpu sse2 avx2 fma avx512_vnni\n";
  expect(parseCpuInfo(text, "AMD EPYC")).toEqual({
    cpu: "AMD EPYC, family 25, model 17",
    vectorExtensions: ["avx2", "fma", "avx512_vnni"],
  });
  expect(parseCpuInfo("Features : fp asimd i8mm\n", "Neoverse")).toEqual({
    cpu: "Neoverse",
    vectorExtensions: ["asimd", "i8mm"],
  });
  expect(processor().cpu).not.toBe("");
});
