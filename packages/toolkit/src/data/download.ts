/** @file Fetches the archives of known data sets. Only this module uses the network, and only on request. */

import { join } from "node:path";
import { UsageError } from "../errors.js";
import { downloadNames } from "../options/facts.js";
import { type DownloadOptions, downloadFile, type RemoteFile } from "./download-file.js";

type DownloadName = (typeof downloadNames)[number];

const archives = {
  /** Krizhevsky 2009; checksum from https://www.cs.toronto.edu/~kriz/cifar.html ("binary version"). */
  cifar10: {
    url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    file: "cifar-10-binary.tar.gz",
    md5: "c32a1d4ab5d03f1284b67883e8d87530",
  },
  /** ImageNette 2 with a shorter side of 160 pixels (https://github.com/fastai/imagenette); checksum as in torchvision. */
  imagenette: {
    url: "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz",
    file: "imagenette2-160.tgz",
    md5: "e793b78cc4c9e9a4ccc0c1155377a412",
  },
} as const satisfies Record<DownloadName, RemoteFile & { readonly file: string }>;

/**
 * Fetches a data set's archive into `folder` and returns its path, which `openImages` accepts. If the archive is there already,
 * only its checksum is verified.
 *
 * @param options.url a mirror to fetch from; the checksum stays the official one.
 * @throws {UsageError} for an unknown name; otherwise the errors of `downloadFile`.
 */
export async function download(
  name: string,
  options: DownloadOptions & { readonly folder: string; readonly url?: string },
): Promise<string> {
  const archive = Object.hasOwn(archives, name) ? archives[name as DownloadName] : undefined;
  if (archive === undefined)
    throw new UsageError(
      "option-choice",
      { option: "name", value: name, allowed: downloadNames },
      `there is no data set "${name}" to download; there are ${downloadNames.join(" and ")}`,
    );
  const path = join(options.folder, archive.file);
  await downloadFile({ url: options.url ?? archive.url, md5: archive.md5 }, path, options);
  return path;
}
