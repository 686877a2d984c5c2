/** @file Tensors that a model keeps in other files, as exporters write them for large models (`model.onnx.data`). */

import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { type ExternalDataLoader, ModelError } from "@subbyte/graph";

/**
 * Reads external tensors from files beside the model or in folders below it, and from nowhere else: not by `..` or an absolute
 * path in the model, nor through a symbolic link.
 */
export function externalDataBeside(path: string): ExternalDataLoader {
  const folder = realpathSync(dirname(resolve(path)));
  return (location, offset, length) => {
    const fail = (reason: string, cause?: unknown): never => {
      throw new ModelError(
        "external-data",
        { place: path, location, reason },
        `the weights in "${location}" cannot be read: ${reason}; keep that file beside the model, or save the model as one file`,
        { cause },
      );
    };
    const file = locate(folder, location, fail);
    const handle = openSync(file, "r");
    try {
      const { size } = fstatSync(handle);
      const count = length ?? size - offset;
      if (offset > size || count > size - offset)
        fail(`the model refers to bytes ${offset} to ${offset + count}, but the file has ${size}`);
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count; ) {
        const read = readSync(handle, bytes, at, count - at, offset + at);
        if (read === 0) fail("it ends early");
        at += read;
      }
      return bytes;
    } finally {
      closeSync(handle);
    }
  };
}

function locate(folder: string, location: string, fail: (reason: string, cause?: unknown) => never): string {
  if (isAbsolute(location) || location.split(/[\\/]/).includes("..")) fail("it is outside the folder of the model");
  let file: string;
  try {
    file = realpathSync(resolve(folder, location));
  } catch (error) {
    return fail((error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : `${error}`, error);
  }
  const inside = relative(folder, file);
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    fail("it is a link to a place outside the folder of the model");
  return file;
}
