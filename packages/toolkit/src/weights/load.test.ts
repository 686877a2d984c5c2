import { readFileSync } from "node:fs";
import fc from "fast-check";
import { strToU8, unzipSync, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { DataError } from "../errors.js";
import { isWeightsFile, loadWeights } from "./load.js";
import { writeSafetensors } from "./safetensors.js";

/** Made by `testdata/checkpoints.py`. */
const golden = (name: string) => new Uint8Array(readFileSync(new URL(`testdata/${name}`, import.meta.url)));
const zip = golden("zip.pt");
const legacy = golden("legacy.pt");

const inf = Number.POSITIVE_INFINITY;
const channelsLast = Array.from({ length: 16 }, (_, i) => i);

/** The tensors that `checkpoints.py` wrote: shape and elements in row-major order. */
const expected: Readonly<Record<string, readonly [shape: number[], values: readonly (number | bigint)[]]>> = {
  base: [
    [3, 4],
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  ],
  transposed: [
    [4, 3],
    [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11],
  ],
  corner: [
    [2, 2],
    [5, 7, 9, 11],
  ],
  expanded: [
    [2, 3],
    [7, 7, 7, 8, 8, 8],
  ],
  channels_last: [[1, 4, 2, 2], channelsLast],
  parameter: [[2], [0.5, -0.25]],
  scalar: [[], [3.5]],
  empty: [[0, 3], []],
  half: [[5], [1, -2.5, 65504, 2 ** -24, inf]],
  bfloat16: [[3], [1, -3.140625, 9.969209968386869e37]],
  double: [[2], [Math.fround(0.1), -inf]],
  int64: [[2], [-1n, 2n ** 40n]],
  uint8: [[2], [0, 255]],
  bool: [[2], [1, 0]],
};

/** A zip checkpoint around a pickle given as text of one byte a character. */
const archiveOf = (pickle: string, others: Record<string, Uint8Array> = {}) =>
  zipSync({ "a/data.pkl": strToU8(pickle, true), ...others }, { level: 0 });

const load = (bytes: Uint8Array) => loadWeights(bytes, "weights.pt");

describe("checkpoints of torch.save", () => {
  for (const [format, bytes] of [
    ["pytorch", zip],
    ["pytorch-legacy", legacy],
  ] as const)
    test(`${format}: every type and layout of view`, async () => {
      const loaded = await load(bytes);
      expect(loaded.format).toBe(format);
      expect(loaded.path).toEqual(["state_dict"]);
      expect([...loaded.tensors.keys()]).toEqual(Object.keys(expected));
      for (const [name, [shape, values]] of Object.entries(expected)) {
        const tensor = loaded.tensors.get(name)!;
        expect(tensor.shape).toEqual(shape);
        expect(
          Array.from(tensor.data as Float32Array, (x) => x as number | bigint),
          name,
        ).toEqual(tensor.dtype === "float32" ? values.map((x) => Math.fround(Number(x))) : values);
        expect(tensor.data.byteOffset, "an array of its own").toBe(0);
        expect(tensor.data.buffer.byteLength).toBe(tensor.data.byteLength);
      }
      expect(loaded.tensors.get("half")!.dtype).toBe("float32");
      expect(loaded.tensors.get("int64")!.dtype).toBe("int64");
    });

  test("a view into a larger buffer loads too", async () => {
    const padded = new Uint8Array(legacy.length + 3);
    padded.set(legacy, 3);
    expect((await load(padded.subarray(3))).tensors).toEqual((await load(legacy)).tensors);
  });

  test("what a training script keeps beside the weights is read over", async () => {
    const { tensors, path } = await load(readFileSync(new URL("testdata/script.pt", import.meta.url)));
    expect(path).toEqual(["ema"]);
    const names = [
      "0.weight",
      "0.bias",
      "1.weight",
      "1.bias",
      "1.running_mean",
      "1.running_var",
      "1.num_batches_tracked",
    ];
    expect([...tensors.keys()]).toEqual(names.map((name) => `module.${name}`));
  });

  test("a byteorder of big is refused, one of little is not", async () => {
    const members = unzipSync(zip);
    const withOrder = (order: string) => zipSync({ ...members, "zip/byteorder": strToU8(order) }, { level: 0 });
    expect((await load(withOrder("little"))).tensors.size).toBe(14);
    await expect(load(withOrder("big"))).rejects.toThrow(/big-endian/);
  });

  test("a missing or short storage is named", async () => {
    const { "zip/data/0": first, ...members } = unzipSync(zip);
    await expect(load(zipSync(members, { level: 0 }))).rejects.toThrow(
      /storage 0 needs 48 bytes, but the archive has none/,
    );
    const short = { ...members, "zip/data/0": first!.subarray(1) };
    await expect(load(zipSync(short, { level: 0 }))).rejects.toThrow(
      /storage 0 needs 48 bytes, but the archive has 47/,
    );
  });
});

describe("safetensors", () => {
  test("are recognised, and floating-point types widened", async () => {
    const bytes = writeSafetensors(
      new Map([
        ["half", { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xc100) }],
        ["double", { dtype: "float64", shape: [], data: Float64Array.of(0.1) }],
      ]),
      { epoch: "3" },
    );
    const { format, tensors, metadata } = await load(bytes);
    expect(format).toBe("safetensors");
    expect(metadata).toEqual({ epoch: "3" });
    expect(tensors.get("half")).toEqual({ dtype: "float32", shape: [2], data: Float32Array.of(1, -2.5) });
    expect(tensors.get("double")).toEqual({ dtype: "float32", shape: [], data: Float32Array.of(0.1) });
  });
});

test("files of the three formats are told from others by their first bytes", () => {
  for (const bytes of [zip, legacy, writeSafetensors(new Map())]) expect(isWeightsFile(bytes)).toBe(true);
  for (const bytes of [new Uint8Array(0), strToU8("SBQ\0"), Uint8Array.of(8, 9, 18, 7)])
    expect(isWeightsFile(bytes)).toBe(false); // the last as ONNX files begin
});

describe("hostile and damaged files", () => {
  test.each([
    ["os.system", "\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R."],
    ["builtins.eval", "\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R."],
    ["posix.system", "\x80\x02cposix\nsystem\n."],
    ["torch.storage._load_from_bytes", "\x80\x02ctorch.storage\n_load_from_bytes\n."],
    ["torchvision.models.resnet.ResNet", "\x80\x02ctorchvision.models.resnet\nResNet\n)\x81."],
  ])("%s is named and not executed", async (name, pickle) => {
    await expect(load(archiveOf(pickle))).rejects.toThrow(DataError);
    await expect(load(archiveOf(pickle))).rejects.toThrow(`"${name}"`);
  });

  test.each([
    ["an announced string of 4 GiB", "\x80\x02X\xff\xff\xff\xff"],
    ["announced bytes of 2^63", "\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"],
    ["an integer of 255 bytes", `\x80\x02\x8a\xff${"\x01".repeat(255)}.`],
    ["a text opcode", "\x80\x02I1\n."],
    ["an unknown opcode", "\x80\x02\xff."],
    ["a pop of nothing", "\x80\x020."],
    ["a mark that was not set", "\x80\x02t."],
    ["a memo entry that was not written", "\x80\x02h\x07."],
    ["a call of a tuple", "\x80\x02))R."],
    ["a call of a storage type", "\x80\x02ctorch\nFloatStorage\n)R."],
    ["an append to a dict", "\x80\x02}K\x01a."],
    ["an item of a list", "\x80\x02]K\x01K\x02s."],
    ["an odd number of items", "\x80\x02}(K\x01u."],
    ["a global without names", "\x80\x04))\x93."],
    ["an id of nothing", "\x80\x02NQ."],
    ["a tensor of a number", "\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x00))tR."],
    ["too many arguments", `\x80\x02ccollections\nOrderedDict\n(${"N".repeat(300)}tR.`],
    ["deep nesting", `\x80\x02${")".repeat(1)}${"\x85".repeat(300_000)}.`],
    ["a list that holds itself", "\x80\x02]q\x00h\x00a."],
    ["a dict that holds itself", "\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00s."],
    ["millions of steps", `\x80\x02${"N0".repeat(1_100_000)}N.`],
    ["no value", "\x80\x02."],
    ["nothing", ""],
  ])("%s ends in a DataError", async (_, pickle) => {
    await expect(load(archiveOf(pickle))).rejects.toThrow(DataError);
    await expect(load(archiveOf(pickle))).rejects.toThrow(/weights\.pt|checkpoint/);
  });

  /** The first three pickles of the old format, without the object and the keys of its storages. */
  const legacyHead = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
  const deepList = `${"]".repeat(60_000)}${"a".repeat(59_999)}`;

  test.each([
    [
      "a deep list for its version",
      `${legacyHead.slice(0, 15)}\x80\x02${deepList}.`,
      /version of PyTorch's old format/,
    ],
    ["a deep list for a key", `${legacyHead}\x80\x02}.\x80\x02](${deepList}e.`, /a key of a storage/],
    ["a tensor for a key", `${legacyHead}\x80\x02}.\x80\x02]}a.`, /a key of a storage/],
  ])("the old format with %s ends in a DataError", async (_, text, message) => {
    await expect(load(strToU8(text, true))).rejects.toThrow(DataError);
    await expect(load(strToU8(text, true))).rejects.toThrow(message);
  });

  test("thousands of tensors that share a list of a million dimensions are refused at once", async () => {
    const dims = `(${"K\x01".repeat(500_000)}tr\x00\x01\x00\x00`;
    const storage = "((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ";
    const tensor = "ctorch._utils\n_rebuild_tensor_v2\n(h\x01K\x00j\x00\x01\x00\x00j\x00\x01\x00\x00tR";
    const pickle = `\x80\x02${dims}0${storage.slice(1)}q\x010](${tensor.repeat(5_000)}e.`;
    await expect(load(archiveOf(pickle))).rejects.toThrow(/make no sense/);
  });

  /** One tensor of the given offset, shape and strides (single bytes) over a storage of 4 floats. */
  const tensorAt = (offset: number, shape: string, strides: string) => {
    const id = "((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ";
    const tuple = (dims: string) => `(${[...dims].map((dim) => `J${dim}\x00\x00\x00`).join("")}t`;
    const view = `ctorch._utils\n_rebuild_tensor_v2\n${id}K${String.fromCharCode(offset)}${tuple(shape)}${tuple(strides)}\x89NtR`;
    return archiveOf(`\x80\x02}X\x01\x00\x00\x00w${view}s.`, { "a/data/0": new Uint8Array(16) });
  };

  test("views must lie within their storage, and not multiply it", async () => {
    expect((await load(tensorAt(0, "\x04", "\x01"))).tensors.get("w")!.shape).toEqual([4]);
    expect((await load(tensorAt(3, "\x03", "\x00"))).tensors.get("w")!.shape).toEqual([3]);
    await expect(load(tensorAt(1, "\x04", "\x01"))).rejects.toThrow(/reaches beyond its storage of 4 elements/);
    await expect(load(tensorAt(0, "\x02\x02", "\x03\x01"))).rejects.toThrow(/reaches beyond/);
    await expect(load(tensorAt(0, "\x7f\x7f\x7f\x7f", "\x00\x00\x00\x00"))).rejects.toThrow(
      /more than 16 times as many/,
    );
    await expect(load(tensorAt(0, "\x04", "\x01\x01"))).rejects.toThrow(/make no sense/);
  });

  test("an archive that announces more entries than fit into it is refused at once", async () => {
    const archive = archiveOf("\x80\x02N.");
    const view = new DataView(archive.buffer, archive.byteOffset);
    view.setUint16(archive.length - 14, 0xffff, true); // entries on this disk
    view.setUint16(archive.length - 12, 0, true); // entries in all: read as an entry's method, 0 is "stored"
    await expect(load(archive)).rejects.toThrow(/announces more files than it has/);
  });

  test("an archive that unpacks to thousands of times its size is refused", async () => {
    const bomb = zipSync({ "a/data.pkl": strToU8("\x80\x02N."), "a/data/0": new Uint8Array(50_000_000) });
    await expect(load(bomb)).rejects.toThrow(/unpacks to more than 4 times its size/);
  });

  test.each([
    ["an empty file", new Uint8Array(0), /neither a PyTorch checkpoint nor a safetensors file \(0 bytes\)/],
    ["a text", strToU8("conv1.weight = 1"), /neither/],
    ["another archive", zipSync({ "readme.txt": strToU8("x") }), /zip archive without a data.pkl/],
    ["another pickle", strToU8("\x80\x02N.", true), /not one that torch.save wrote/],
    [
      "TorchScript",
      zipSync({ "a/data.pkl": strToU8("\x80\x02N.", true), "a/constants.pkl": strToU8("") }),
      /TorchScript/,
    ],
    ["no dict", archiveOf("\x80\x02K\x01."), /no tensors where weights are expected \(keys: none\)/],
    ["no weights", archiveOf("\x80\x02}X\x05\x00\x00\x00epochK\x01s."), /\(keys: epoch\)/],
  ])("%s is refused with what to give instead", async (_, bytes, message) => {
    await expect(load(bytes)).rejects.toThrow(DataError);
    await expect(load(bytes)).rejects.toThrow(message);
  });

  for (const [name, bytes] of [
    ["zip.pt", zip],
    ["legacy.pt", legacy],
  ] as const) {
    test(`${name} cut at every length ends in a DataError`, async () => {
      for (let length = 0; length < bytes.length; length++)
        await expect(load(bytes.subarray(0, length)), `${length} bytes`).rejects.toThrow(DataError);
    });

    test(`${name} with bytes changed loads or ends in a DataError`, async () => {
      const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
          const damaged = bytes.slice();
          for (const [index, value] of changes) damaged[index] = value;
          const error = await load(damaged).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          if (error !== undefined) expect(error).toBeInstanceOf(DataError);
        }),
        { numRuns: 2000 },
      );
    });
  }
});
