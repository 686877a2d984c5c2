import { float32 } from "@subbyte/graph";
import { expect, test } from "vitest";
import { mirrored, withMirrorImages } from "./mirror.js";

test("every row from right to left", () => {
  expect(mirrored(Float32Array.of(1, 2, 3, 4, 5, 6), 3)).toEqual(Float32Array.of(3, 2, 1, 6, 5, 4));
});

test("each batch is followed by its mirror images, in every pass", async () => {
  const batch = float32(Float32Array.of(1, 2, 3, 4), [1, 1, 2, 2]);
  const doubled = withMirrorImages({
    images: 1,
    async *batches() {
      yield batch;
    },
  });
  expect(doubled.images).toBe(2);
  for (const _ of [1, 2]) {
    const seen = [];
    for await (const each of doubled.batches()) seen.push(each);
    expect(seen).toEqual([batch, float32(Float32Array.of(2, 1, 4, 3), [1, 1, 2, 2])]);
  }
});
