/** @file Codes of `MachineError`. */

import type { ErrorCodeTable } from "../error-facts.js";

export const machineErrors = {
  "disk-full": {
    cause: "The disk or the quota is full.",
    remedy: "Free some space, or choose another place; earlier content of the file is intact.",
    data: ["file", "reason"],
  },
  "write-failed": {
    cause: "A file cannot be written.",
    remedy: "Check the permissions and the disk, or choose another place.",
    data: ["file", "reason"],
  },
  "read-failed": {
    cause: "A file cannot be read, although it exists.",
    remedy: "Check the permissions and the disk.",
    data: ["file", "reason"],
  },
  "out-of-memory": {
    cause: "Memory ran out.",
    remedy: "Use a smaller batch, fewer images (limit) or smaller ones (size).",
    data: ["reason"],
  },
  "download-failed": {
    cause: "A file could not be fetched.",
    remedy: "Check the network and try again; the part that was fetched is kept.",
    data: ["source", "reason"],
  },
  "download-refused": {
    cause: "The server refused to give the file.",
    remedy: "Fetch it by hand, or name a mirror.",
    data: ["source", "status"],
  },
  "package-missing": {
    cause: "A package that runs float networks is not installed, or cannot be loaded on this machine.",
    remedy: "Install it with the command that the message gives.",
    data: ["package"],
  },
  "process-died": {
    cause: "A process that did part of the work ended too early.",
    remedy: "Give it more memory, or run fewer processes at the same time; finished work is kept.",
    data: ["reason"],
  },
  "cluster-refused": {
    cause: "Slurm or Kubernetes is not set up on this machine, or refused what it was given.",
    remedy: "The message quotes the cluster system. The files that were written stay, and you can submit them by hand.",
    data: ["reason", "system"],
  },
  "threads-missing": {
    cause: "The engine could not start as many threads as a measurement needs.",
    remedy: "Measure with fewer threads; the message says why.",
    data: ["found", "expected"],
  },
} as const satisfies ErrorCodeTable;
