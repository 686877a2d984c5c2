/**
 * @file Lets the page work offline. Its files are stored at the first visit, lists and samples whenever they are fetched.
 * The page itself stores models, under their content hash. This is a classic script, so it must not import anything.
 */

/**
 * The part of a service worker's scope that is used here; TypeScript's types cover either pages or workers, not
 * both.
 */
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEventLike extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEventLike) => void): void;
}
const scope = globalThis as unknown as Scope;

/** Written by the build: a hash of the page's files, and their paths. */
declare const __PRECACHE__: { readonly version: string; readonly files: readonly string[] };
const { version, files } = __PRECACHE__;

const pageCache = `subbyte-page-${version}`;
/** Cache for files that are fetched while the page is used: lists, samples, onnxruntime-web. */
const usedCache = "subbyte-used";

const absolute = (path: string): string => new URL(path, scope.registration.scope).href;
const page = new Set(files.map(absolute));
const shell = absolute("index.html");

scope.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(pageCache);
      await cache.addAll(files.map((path) => new Request(absolute(path), { cache: "no-cache" })));
      await keepSamples().catch(() => {});
      await scope.skipWaiting();
    })(),
  );
});

/** Stores the list of models and the sample pictures, if there are any; they are few and small. */
async function keepSamples(): Promise<void> {
  const cache = await caches.open(usedCache);
  const list = absolute("models/index.json");
  const response = await fetch(list);
  if (!response.ok) return;
  await cache.put(list, response.clone());
  const { families } = (await response.json()) as {
    readonly families: readonly { readonly samples?: readonly { readonly file: string }[] }[];
  };
  const samples = families.flatMap((family) => family.samples ?? []).map(({ file }) => new URL(file, list).href);
  await Promise.all([...new Set(samples)].map((sample) => cache.add(sample).catch(() => {})));
}

scope.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      const old = names.filter((name) => name.startsWith("subbyte-page-") && name !== pageCache);
      await Promise.all(old.map((name) => caches.delete(name)));
      await scope.clients.claim();
    })(),
  );
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  address.hash = "";
  address.search = "";
  const { href } = address;
  if (request.method !== "GET" || !href.startsWith(scope.registration.scope)) return;
  if (request.mode === "navigate" && (href === scope.registration.scope || href === shell))
    event.respondWith(freshOrKept(request, pageCache, shell));
  else if (page.has(href)) event.respondWith(keptOrFresh(request, pageCache, href));
  else if (href.startsWith(absolute("assets/"))) event.respondWith(keptOrFresh(request, usedCache, href));
  else if (href.startsWith(absolute("models/")) && !/\.(sbq|onnx)$/.test(href))
    event.respondWith(freshOrKept(request, usedCache, href));
});

/** Answers from the network, or from the cache if there is no network. */
async function freshOrKept(request: Request, name: string, key: string): Promise<Response> {
  const cache = await caches.open(name);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(key, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept === undefined) throw error;
    return kept;
  }
}

/** Files that are named by their content do not change. */
async function keptOrFresh(request: Request, name: string, key: string): Promise<Response> {
  const cache = await caches.open(name);
  const kept = await cache.match(key);
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(key, response.clone());
  return response;
}
