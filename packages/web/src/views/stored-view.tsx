/** @file The models that this browser stores, and how the page runs here. */

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../components/icons.js";
import { Notice } from "../components/notice.js";
import { byteSize } from "../format.js";
import { threadsHere, tierHere } from "../runtime/browser-runner.js";
import { forget, isPersistent, keepForGood, offlineState, refreshStored, stored } from "../state/offline.js";

const offlineWords = {
  preparing: "The page is being kept for use without a network …",
  ready: "The page opens without a network, with the models below.",
  impossible: "The page cannot work offline here: browsers allow this only over HTTPS or from this machine.",
} as const;

export function StoredView(): JSX.Element {
  useEffect(() => {
    void refreshStored();
  }, []);
  const total = stored.value.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <div class="view">
      <div class="intro">
        <h1>Kept in this browser</h1>
        <p>{offlineWords[offlineState.value]}</p>
      </div>
      <section class="panel" aria-labelledby="models-kept">
        <div class="panel-head">
          <h2 id="models-kept">Models</h2>
          {isPersistent.value ? (
            <span class="badge same">
              <Icon name="check" />
              kept for good
            </span>
          ) : (
            <button class="button quiet" type="button" onClick={() => void keepForGood()}>
              Ask to keep them for good
            </button>
          )}
        </div>
        {stored.value.length === 0 ? (
          <p class="muted">No model is kept yet. Each is kept when it is used for the first time.</p>
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
          <section class="scroll" tabIndex={0} aria-label="Models kept in this browser">
            <table class="comparison middle">
              <caption class="visually-hidden">Models kept in this browser</caption>
              <thead>
                <tr>
                  <th scope="col">Model</th>
                  <th scope="col" class="number">
                    Size
                  </th>
                  <th scope="col" class="hash">
                    SHA-256
                  </th>
                  <th scope="col">
                    <span class="visually-hidden">Delete</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {stored.value.map(({ sha256, name, bytes }) => (
                  <tr key={sha256}>
                    <th scope="row">{name}</th>
                    <td class="number">{byteSize(bytes)}</td>
                    <td class="hash">{sha256.slice(0, 16)}…</td>
                    <td class="number">
                      <button class="button quiet" type="button" onClick={() => void forget(sha256)}>
                        Delete<span class="visually-hidden"> {name}</span>
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p class="small muted note">
              {byteSize(total)} in all. If a file changes on its server, the new version gets its own entry.
            </p>
          </section>
        )}
      </section>
      <ThisBrowser />
    </div>
  );
}

const instructions = {
  scalar: "no SIMD",
  simd: "SIMD",
  relaxed: "relaxed SIMD",
  fused: "fused relaxed SIMD",
} as const;

/** The features of this browser that the engine can use. */
function ThisBrowser(): JSX.Element {
  const tier = tierHere();
  const threads = threadsHere();
  return (
    <section class="panel stack" aria-labelledby="this-browser">
      <h2 id="this-browser">This browser</h2>
      <dl class="facts">
        <div>
          <dt>WebAssembly</dt>
          <dd>{instructions[tier]}</dd>
        </div>
        <div>
          <dt>Threads</dt>
          <dd>{threads}</dd>
        </div>
        <div>
          <dt>Cross-origin isolated</dt>
          <dd>{crossOriginIsolated ? "yes" : "no"}</dd>
        </div>
      </dl>
      {tier === "scalar" ? (
        <Notice kind="differs">
          This browser has no WebAssembly SIMD: the engine computes in plain JavaScript, with the same answers and many
          times slower.
        </Notice>
      ) : null}
      {crossOriginIsolated ? null : (
        <Notice>
          One thread computes, because this page came without the headers Cross-Origin-Opener-Policy and
          Cross-Origin-Embedder-Policy, and browsers share memory between threads only with them. Answers are the same.
        </Notice>
      )}
    </section>
  );
}
