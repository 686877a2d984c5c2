import { writeFile } from "node:fs/promises";
import { hostileFile, readSafely, seeds } from "../../../packages/graph/test/fuzzing.js";
import type { Target } from "./target.js";

export default (): Target => {
  const files = seeds();
  return {
    run: (seed) => (readSafely(hostileFile(files, seed)) === "read" ? "accepted" : "refused"),
    save: (seed, path) => writeFile(path, hostileFile(files, seed)),
  };
};
