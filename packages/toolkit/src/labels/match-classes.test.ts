import { describe, expect, test } from "vitest";
import { matchClasses } from "./match-classes.js";

const match = (images: readonly string[], model: Partial<Parameters<typeof matchClasses>[1]>) =>
  matchClasses(images, { classes: model.labels?.length ?? images.length, ...model });

describe("by name", () => {
  test("the order of the model counts, not that of the images", () => {
    const labels = ["dog", "bird", "cat"];
    expect(match(["bird", "cat", "dog"], { labels })).toEqual({ by: "names", targets: [1, 2, 0] });
  });

  test("case, spaces, hyphens and underscores do not matter, nor does what follows a comma in a label", () => {
    const labels = ["tench, Tinca tinca", "Golf Ball", "chain_saw"];
    expect(match(["chain saw", "golf-ball", "tench"], { labels })).toEqual({ by: "names", targets: [2, 1, 0] });
  });

  test("an exact name wins over a like one, and two like ones match nothing", () => {
    expect(match(["crane"], { labels: ["Crane", "crane"] })).toEqual({ by: "names", targets: [1] });
    expect(match(["CRANE"], { labels: ["Crane", "crane"] })).toMatchObject({ missing: ["CRANE"] });
    expect(match(["crane"], { labels: ["crane", "crane"] })).toMatchObject({ missing: ["crane"] });
  });

  test("some of the model's classes suffice", () => {
    expect(match(["c", "a"], { labels: ["a", "b", "c"] })).toEqual({ by: "names", targets: [2, 0] });
  });

  test("a WordNet id of ImageNette matches its name, and the other way round", () => {
    expect(match(["n03445777", "n01440764"], { labels: ["tench", "golf ball"] })).toMatchObject({ targets: [1, 0] });
    expect(match(["golf ball", "tench"], { labels: ["n01440764", "n03445777"] })).toMatchObject({ targets: [1, 0] });
  });

  test("classes that the model does not have are named", () => {
    expect(match(["cat", "cow", "dog"], { labels: ["cat", "dog", "horse"] })).toEqual({
      missing: ["cow"],
      by: "names",
    });
  });

  test("two classes of images cannot be one class of the model", () => {
    expect(match(["golf ball", "golf_ball"], { labels: ["golf ball", "tee"] })).toMatchObject({
      missing: ["golf_ball"],
    });
  });
});

describe("by a map", () => {
  test("from folders to labels or to numbers; several may be one class of the model", () => {
    const map = { isList: false, entries: [{ names: ["tabby", "cat"] }, { names: ["siamese", "cat"] }] };
    expect(match(["siamese", "tabby"], { labels: ["dog", "cat"], map })).toEqual({ by: "map", targets: [1, 1] });
    const numbers = { isList: false, entries: [{ index: 3, names: ["tabby"] }] };
    expect(match(["tabby"], { classes: 5, map: numbers })).toEqual({ by: "map", targets: [3] });
  });

  test("a list of all classes names them", () => {
    const map = {
      isList: true,
      entries: [
        { index: 0, names: ["n01440764", "tench"] },
        { index: 1, names: ["n99999999", "cat"] },
      ],
    };
    expect(match(["cat"], { classes: 2, map })).toEqual({ by: "map", targets: [1], names: ["tench", "cat"] });
  });

  test("labels of the model help where the map has no entry", () => {
    const map = { isList: false, entries: [{ names: ["tabby", "cat"] }] };
    expect(match(["dog", "tabby"], { labels: ["dog", "cat"], map })).toEqual({ by: "map", targets: [0, 1] });
  });

  test.each([
    [{ isList: false, entries: [{ index: 2, names: ["cat"] }] }, /class 2, but the model has the classes 0 … 1/],
    [{ isList: true, entries: [{ index: 0, names: ["cat"] }] }, /1 class, but the model has 2; .*in the model's order/],
    [{ isList: false, entries: [{ names: ["tabby", "cow"] }] }, /"tabby", "cow".*not among the model's/],
  ])("%j does not fit", (map, message) => {
    expect(() => match(["cat"], { labels: ["cat", "dog"], map })).toThrow(message);
  });

  test("a list that is one short of a background class says so", () => {
    const entries = Array.from({ length: 1000 }, (_, index) => ({ index, names: [`class ${index}`] }));
    expect(() => match(["class 1"], { classes: 1001, map: { isList: true, entries } })).toThrow(/background/);
  });
});

describe("without names in the model", () => {
  test("as many classes are taken in the order of their names", () => {
    expect(match(["a", "b"], { classes: 2 })).toEqual({ by: "order", targets: [0, 1], names: ["a", "b"] });
    expect(match(["a", "b"], { classes: 3 })).toEqual({ missing: ["a", "b"], by: "order" });
  });

  test("ImageNette's are found among ImageNet's 1,000, and behind a background class", () => {
    const images = ["English springer", "parachute", "n01440764"];
    expect(match(images, { classes: 1000 })).toEqual({ by: "imagenet", targets: [217, 701, 0] });
    expect(match(images, { classes: 1001 })).toEqual({ by: "imagenet", targets: [218, 702, 1] });
  });

  test('"order" ignores the names that the model has', () => {
    expect(match(["a", "b"], { labels: ["zero", "one"], map: "order" })).toEqual({ by: "order", targets: [0, 1] });
  });
});
