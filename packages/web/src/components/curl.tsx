/** @file The `curl` command that sends the same request to the server. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { chosen } from "../state/catalog.js";
import { Icon } from "./icons.js";

/** One command for each chosen model. */
export function Curl(): JSX.Element {
  const state = useSignal<"" | "copied" | "selected">("");
  const block = useRef<HTMLPreElement>(null);
  const address = new URL("classify", document.baseURI).href.replace(/#.*$/, "");
  const commands = chosen.value.map(({ id }) => `curl -F model=${id} -F images=@photo.jpg ${address}`).join("\n");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(commands);
      state.value = "copied";
    } catch {
      // Without TLS, browsers give no clipboard to pages of other machines; the visitor's own keys still copy.
      getSelection()?.selectAllChildren(block.current!);
      state.value = "selected";
    }
  };
  return (
    <section class="panel" aria-labelledby="terminal">
      <div class="panel-head">
        <h2 id="terminal">From a terminal</h2>
        <button class="button quiet" type="button" onClick={() => void copy()}>
          <Icon name={state.value === "copied" ? "check" : "copy"} />
          {state.value === "copied" ? "Copied" : "Copy"}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre class="command" tabIndex={0} ref={block}>
        <code>{commands}</code>
      </pre>
      <p class="small muted" role="status">
        {state.value === "selected"
          ? "Selected: copy it with your keyboard. This browser lets pages copy only over TLS."
          : "Replace photo.jpg by your own file; for several images, repeat -F images=@FILE."}
      </p>
    </section>
  );
}
