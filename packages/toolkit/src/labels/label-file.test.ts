import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { UsageError } from "../errors.js";
import { readLabelFile } from "./label-file.js";

const folder = mkdtempSync(join(tmpdir(), "subbyte-labels-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(content: string) {
  const path = join(folder, "labels");
  writeFileSync(path, content);
  return readLabelFile(path);
}

describe("files of labels, as people and frameworks write them", () => {
  const catAndDog = [
    { index: 0, names: ["cat"] },
    { index: 1, names: ["dog"] },
  ];
  const folders = [{ names: ["n01", "cat"] }, { names: ["n02", "golden retriever"] }];

  test.each([
    ["a list of names", '["cat", "dog"]', { isList: true, entries: catAndDog }],
    ["numbers to names", '{"0": "cat", "1": "dog"}', { isList: false, entries: catAndDog }],
    ["names to numbers", '{"cat": 0, "dog": 1}', { isList: false, entries: catAndDog }],
    [
      "a configuration of transformers",
      '{"id2label": {"0": "cat", "1": "dog"}}',
      { isList: false, entries: catAndDog },
    ],
    ["folders to names", '{"n01": "cat", "n02": "golden retriever"}', { isList: false, entries: folders }],
    [
      "Keras' imagenet_class_index.json",
      '{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}',
      {
        isList: false,
        entries: [
          { index: 0, names: ["n01440764", "tench"] },
          { index: 1, names: ["n01443537", "goldfish"] },
        ],
      },
    ],
    [
      "records",
      '[{"index": 0, "wnid": null, "name": "background"}, {"index": 7, "wnid": "n01", "name": "cat"}]',
      {
        isList: false,
        entries: [
          { index: 0, names: ["background"] },
          { index: 7, names: ["n01", "cat"] },
        ],
      },
    ],
    ["one name a line", "# classes\ncat\ndog\n", { isList: true, entries: catAndDog }],
    [
      "names of several words, one a line",
      "golf ball\ngas pump\n",
      {
        isList: true,
        entries: [
          { index: 0, names: ["golf ball"] },
          { index: 1, names: ["gas pump"] },
        ],
      },
    ],
    ["a tab between folder and name", "n01\tcat\nn02\tgolden retriever\n", { isList: false, entries: folders }],
    ["a comma", "n01, cat\r\nn02, golden retriever\r\n", { isList: false, entries: folders }],
    ["an equals sign", "n01 = cat\nn02 = golden retriever\n", { isList: false, entries: folders }],
    ["numbers first", "0 cat\n1 dog\n", { isList: false, entries: catAndDog }],
    ["numbers last", "cat 0\ndog 1\n", { isList: false, entries: catAndDog }],
    [
      "synset_words.txt: WordNet ids in the order of the classes",
      "n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n",
      {
        isList: true,
        entries: [
          { index: 0, names: ["n01440764", "tench, Tinca tinca"] },
          { index: 1, names: ["n01443537", "goldfish, Carassius auratus"] },
        ],
      },
    ],
  ])("%s", (_, content, expected) => {
    expect(read(content)).toEqual(expected);
  });

  test.each([
    ["", /has no classes/],
    ["{}", /has no classes/],
    ["[1, 2]", /is not a list of names/],
    ['{"cat": true}', /is not a list of names/],
    ["[1, 2", /is not JSON/],
    ["cat=\ndog=dog\n", /an empty column/],
    ["cat -1\ndog 2\n", /a class is a whole number from 0/],
  ])("%j is refused", (content, message) => {
    const reading = () => read(content);
    expect(reading).toThrow(UsageError);
    expect(reading).toThrow(message);
  });

  test("a file that is not there is named", () => {
    expect(() => readLabelFile(join(folder, "absent.txt"))).toThrow(/absent\.txt/);
  });
});
