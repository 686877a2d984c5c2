/** @file The task `download`: fetches a data set; the one task that uses the network. */

import { download } from "../data/index.js";
import { defined } from "../defined.js";
import { defineTask } from "./run.js";

/** Result of the task `download`. */
export interface DownloadResult {
  readonly name: string;
  /** The archive, which `data` takes as it is. */
  readonly path: string;
}

/** The task `download`: fetches a data set and checks its checksum. The only task that uses the network. */
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
