/**
 * @file The page: a heading with links to the views, the view that is shown, and a line about what the browser can do.
 */

import type { JSX } from "preact";
import { BitGlyph } from "./components/icons.js";
import { Notice } from "./components/notice.js";
import { PlaceSwitch } from "./components/place-switch.js";
import { catalogState, loadCatalog } from "./state/catalog.js";
import { place, server } from "./state/place.js";
import { loadView, route, view, views } from "./state/route.js";

export function App(): JSX.Element {
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to content
      </a>
      <header class="masthead">
        <div class="frame">
          <a class="brand" href="#images">
            <BitGlyph bits={4} height={16} />
            Subbyte
          </a>
          <nav class="views" aria-label="Views">
            <ul>
              {views.map(({ id, title }) => (
                <li key={id}>
                  <a href={`#${id}`} aria-current={route.value.id === id ? "page" : undefined}>
                    {title}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
          <PlaceSwitch />
        </div>
      </header>
      <main id="main" class="frame" tabIndex={-1}>
        {server.value === "none" ? (
          <div role="status">
            <Notice>
              This page comes from a host that only serves files, so models run in this browser. To run them on a
              server, open the page that <code>subbyte serve</code> names.
            </Notice>
          </div>
        ) : null}
        <Content />
      </main>
      <footer class="footer">
        <div class="frame">
          <span>
            {place.value === "browser"
              ? "Nothing leaves this machine: pictures are decoded and classified in this browser."
              : "Pictures are sent to the server that this page came from, and to no other."}
          </span>
          <span>
            {crossOriginIsolated
              ? "Threads share memory here."
              : "Without cross-origin isolation, one thread computes."}
          </span>
        </div>
      </footer>
    </>
  );
}

function Content(): JSX.Element {
  const state = catalogState.value;
  const View = view.value;
  if (View === "failed")
    return (
      <div class="view">
        <Notice kind="wrong">
          <p>This part of the page cannot be fetched.</p>
          <button class="button" type="button" onClick={() => void loadView()}>
            Try again
          </button>
        </Notice>
      </div>
    );
  if (state === "loading" || View === "loading")
    return (
      <div class="view">
        <p class="muted" role="status">
          {state === "loading" ? "Loading the list of models …" : "Loading …"}
        </p>
        <div class="waiting running" />
        <div class="waiting running" />
      </div>
    );
  if (state === "ready") return <View />;
  return (
    <div class="view">
      <div class="intro">
        <h1>The models are not there</h1>
        <p>
          This page reads its list of models from models/index.json beside it. Put the folder "models" there, or open
          the page with <code>subbyte serve</code>, then try again.
        </p>
      </div>
      <Notice kind="wrong">
        <p>The list of models cannot be read: {state.error}.</p>
        <button class="button" type="button" onClick={() => void loadCatalog()}>
          Try again
        </button>
      </Notice>
    </div>
  );
}
