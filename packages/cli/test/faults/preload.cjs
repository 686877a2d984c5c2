/**
 * @file Loaded with `--require` before a command: counts the calls of node:fs that open for writing, write, sync, rename, link or
 * make new folders below FAULT_ROOT, and lets the FAULT_AT-th fail. FAULT_HOW is "full" (ENOSPC, after half of what was to be
 * written) or "kill" (SIGKILL at that place). The calls are listed in FAULT_LOG, one line each.
 */
const fs = require("node:fs");
const { resolve, sep } = require("node:path");
const { isMainThread } = require("node:worker_threads");

const { FAULT_ROOT: root, FAULT_AT: at, FAULT_HOW: how, FAULT_LOG: log } = process.env;
const { writeSync, openSync, readlinkSync } = fs;
let count = 0;
const logged = log ? openSync(log, "a") : undefined;

/** Paths below the root, absolute; others do not concern us. */
const located = (path) => {
  if (typeof path !== "string") return undefined;
  const absolute = resolve(path);
  return absolute === root || absolute.startsWith(root + sep) ? absolute : undefined;
};
const nameOf = (descriptor) => {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
};
const writes = (flags) =>
  typeof flags === "number" ? (flags & 3) !== 0 : /[wa+]/.test(typeof flags === "string" ? flags : "r");

const full = (call, path) =>
  Object.assign(new Error(`ENOSPC: no space left on device, ${call} '${path}'`), {
    errno: -28,
    code: "ENOSPC",
    syscall: call,
    path,
  });

/** Whether the call at hand is the one that fails; it is listed in any case. */
function isDue(call, given) {
  const path = located(given);
  if (path === undefined) return false;
  if (logged !== undefined) writeSync(logged, `${call} ${path.slice(root.length + 1)}\n`);
  return String(++count) === at;
}

const die = () => process.kill(process.pid, "SIGKILL");

/** Fails before the call. To make a folder that there is does nothing. */
function before(call, path) {
  if ((call === "mkdir" && fs.existsSync(path)) || !isDue(call, path)) return;
  if (how === "kill") die();
  throw full(call, path);
}

/** Fails in the middle of the call: half of the bytes arrive. */
function within(call, descriptor, bytes) {
  const path = nameOf(descriptor);
  if (!isDue(call, path)) return;
  const content = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  if (ArrayBuffer.isView(content)) writeSync(descriptor, content, 0, content.byteLength >> 1);
  if (how === "kill") die();
  throw full(call, path);
}

function wrap(target, name, check) {
  const original = target[name];
  target[name] = function (...args) {
    check.call(this, ...args);
    return original.apply(this, args);
  };
}

/** The same for a function that gives a promise. */
function wrapAsync(target, name, check) {
  const original = target[name];
  target[name] = async function (...args) {
    check.call(this, ...args);
    return await original.apply(this, args);
  };
}

const paths = ["mkdir", "mkdtemp", "rename", "link", "symlink", "copyFile", "truncate", "appendFile"];
/** The path that is made: the second one where there are two. */
const target = (name, args) => (["rename", "link", "symlink", "copyFile"].includes(name) ? args[1] : args[0]);

if (isMainThread && root) {
  for (const name of paths) {
    wrap(fs, `${name}Sync`, (...args) => before(name, target(name, args)));
    wrapAsync(fs.promises, name, (...args) => before(name, target(name, args)));
  }
  wrap(fs, "openSync", (path, flags) => writes(flags) && before("open", path));
  wrap(fs, "writeFileSync", (path) => typeof path === "string" && before("writeFile", path));
  wrap(fs, "writeSync", (descriptor, bytes) => within("write", descriptor, bytes));
  for (const name of ["fsyncSync", "fdatasyncSync", "ftruncateSync"])
    wrap(fs, name, (descriptor) => before(name.replace("Sync", ""), nameOf(descriptor)));

  const { open, writeFile } = fs.promises;
  let isWrapped = false;
  fs.promises.open = async (path, flags, ...more) => {
    if (writes(flags)) before("open", path);
    const handle = await open(path, flags, ...more);
    if (!isWrapped) {
      isWrapped = true;
      const prototype = Object.getPrototypeOf(handle);
      for (const name of ["write", "writev", "writeFile"])
        wrapAsync(prototype, name, function (bytes) {
          within(name, this.fd, Array.isArray(bytes) ? bytes[0] : bytes);
        });
      for (const name of ["sync", "datasync", "truncate"])
        wrapAsync(prototype, name, function () {
          before(name, nameOf(this.fd));
        });
    }
    return handle;
  };
  fs.promises.writeFile = async (file, data, ...more) => {
    if (typeof file === "string") before("writeFile", file);
    else if (typeof file?.fd === "number") within("writeFile", file.fd, data);
    return await writeFile(file, data, ...more);
  };
  require("node:module").syncBuiltinESMExports();
}
