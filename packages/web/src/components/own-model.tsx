/** @file Takes the visitor's own model file, dropped or from a file dialogue. */

import type { Preprocessing } from "@subbyte/engine";
import type { JSX } from "preact";
import { addFloat, addOwn, ownFailure, waitingFloat } from "../state/own-models.js";
import { DropZone } from "./drop-zone.js";
import { Notice } from "./notice.js";

export function OwnModel(): JSX.Element {
  return (
    <DropZone
      label="Your own model"
      onFiles={(transfer) => {
        for (const file of transfer?.files ?? []) void addOwn(file);
      }}
    >
      <div class="row">
        <label class="button">
          Open a model of your own
          <input
            class="visually-hidden"
            type="file"
            accept=".sbq,.onnx"
            multiple
            onChange={({ currentTarget }) => {
              for (const file of currentTarget.files ?? []) void addOwn(file);
              currentTarget.value = "";
            }}
          />
        </label>
        <span class="muted">or drop it here: .sbq, or a float .onnx</span>
      </div>
      <p class="small muted">It is read in this browser and sent nowhere.</p>
      {ownFailure.value === undefined ? null : <Notice kind="wrong">{ownFailure.value}</Notice>}
      {waitingFloat.value === undefined ? null : <FloatForm file={waitingFloat.value} />}
    </DropZone>
  );
}

const numbers = (text: string): readonly number[] => text.split(",").map(Number);

/** The form in which a visitor says how images are prepared for a float network. */
function FloatForm({ file }: { readonly file: File }): JSX.Element {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const channels = Number(form.get("channels")) as 1 | 3;
    const size = Number(form.get("size"));
    const preprocessing: Preprocessing = {
      channels,
      height: size,
      width: size,
      resize: "shorter-side",
      resizeTo: Math.max(size, Number(form.get("resizeTo"))),
      mean: numbers(String(form.get("mean"))),
      std: numbers(String(form.get("std"))),
    };
    if (preprocessing.mean.length !== channels || preprocessing.std.length !== channels) {
      ownFailure.value = `Give ${channels === 1 ? "one number" : "three numbers"} for mean and standard deviation, one per channel`;
      return;
    }
    ownFailure.value = undefined;
    void addFloat(file, preprocessing);
  };
  return (
    <form class="float-form" onSubmit={submit}>
      <p>
        <strong>{file.name}</strong> does not say how images are prepared for it.
      </p>
      <label>
        Channels
        <select name="channels">
          <option value="3">3, colour</option>
          <option value="1">1, grey</option>
        </select>
      </label>
      <label>
        Height and width
        <input name="size" type="number" min="1" max="1024" value="224" required />
      </label>
      <label>
        Shorter side resized to
        <input name="resizeTo" type="number" min="1" max="2048" value="256" required />
      </label>
      <label>
        Mean, per channel
        <input name="mean" value="0.485,0.456,0.406" pattern="[\d.,\s\-]+" required />
      </label>
      <label>
        Standard deviation
        <input name="std" value="0.229,0.224,0.225" pattern="[\d.,\s\-]+" required />
      </label>
      <div class="row">
        <button class="button primary" type="submit">
          Use it
        </button>
        <button
          class="button quiet"
          type="button"
          onClick={() => {
            waitingFloat.value = undefined;
          }}
        >
          Cancel
        </button>
      </div>
    </form>
  );
}
