/** @file The task `download`: fetches a data set. No other task uses the network. */

import { download } from "../data/index.js";
import { defined } from "../defined.js";
import { defineTask } from "./run.js";

/** Result of the task `download`. */
export interface DownloadResult {
  readonly name: string;
  /** Path of the archive, for the option `data`. */
  readonly path: string;
}

/** The task `download`: fetches a data set and verifies its checksum. No other task uses the network. */
export const downloadData = defineTask("download", async ({ name, out, url }, run): Promise<DownloadResult> => {
  run.phase("downloading", name);
  const path = await download(name, {
    folder: out,
    signal: run.signal,
    ...defined({ url }),
    onProgress: ({ bytes, of }) => run.progress(bytes, of, { unit: "bytes" }),
  });
  return { name, path };
});
