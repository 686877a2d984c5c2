/** @file Takes pictures: dropped, pasted, from a file dialogue, from a camera app, or samples. */

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { droppedFiles } from "../runtime/dropped.js";
import { family } from "../state/catalog.js";
import { addFiles, refusal } from "../state/images.js";
import { place } from "../state/place.js";
import { DropZone } from "./drop-zone.js";
import { Icon } from "./icons.js";
import { Notice } from "./notice.js";

export function ImageInput(): JSX.Element {
  useEffect(() => {
    const pasted = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) addFiles(files);
    };
    document.addEventListener("paste", pasted);
    return () => document.removeEventListener("paste", pasted);
  }, []);
  return (
    <DropZone
      label="Add pictures"
      onFiles={(transfer) => {
        void droppedFiles(transfer).then((files) => addFiles(files));
      }}
    >
      <div class="intake">
        <div>
          <div class="row">
            <FileButton label="Choose pictures" icon="image" primary />
            <FileButton label="Take a photo" icon="camera" capture />
          </div>
          <p class="muted">or drop or paste them here: many, or whole folders</p>
        </div>
        <Samples />
      </div>
      {refusal.value === undefined ? null : <Notice kind="wrong">{refusal.value}.</Notice>}
      <p class="promise small muted">
        <Icon name="lock" />
        {place.value === "browser"
          ? "Pictures stay on this machine: the networks run in this browser."
          : "Pictures are sent to the server that this page came from."}
      </p>
    </DropZone>
  );
}

interface FileButtonProps {
  readonly label: string;
  readonly icon: "image" | "camera";
  readonly primary?: boolean;
  readonly capture?: boolean;
}

function FileButton({ label, icon, primary = false, capture = false }: FileButtonProps): JSX.Element {
  return (
    <label class={primary ? "button primary" : "button"}>
      <Icon name={icon} />
      {label}
      <input
        class="visually-hidden"
        type="file"
        accept="image/*"
        multiple={!capture}
        {...(capture ? { capture: "environment" } : {})}
        onChange={({ currentTarget }) => {
          addFiles(currentTarget.files ?? []);
          currentTarget.value = "";
        }}
      />
    </label>
  );
}

function Samples(): JSX.Element | null {
  const samples = family.value?.samples ?? [];
  if (samples.length === 0) return null;
  const add = async (url: string, name: string, credit: string) => {
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`status ${response.status}`);
      const blob = await response.blob();
      addFiles([new File([blob], name, { type: blob.type })], credit);
    } catch {
      refusal.value = `The sample "${name}" cannot be fetched; without a network only pictures seen before are there`;
    }
  };
  return (
    <div>
      <p class="muted">No picture at hand? Try one of these.</p>
      <div class="samples">
        {samples.map(({ url, name, credit }) => (
          <button class="sample" type="button" key={url} title={credit} onClick={() => void add(url, name, credit)}>
            <img src={url} alt={`Sample: ${name}`} width="72" height="72" loading="lazy" />
          </button>
        ))}
      </div>
    </div>
  );
}
