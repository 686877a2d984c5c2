/** @file A section on which files can be dropped. It is highlighted while files are dragged over it. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";

export interface DropZoneProps {
  readonly label: string;
  readonly onFiles: (transfer: DataTransfer | null) => void;
  readonly children: ComponentChildren;
}

export function DropZone({ label, onFiles, children }: DropZoneProps): JSX.Element {
  const over = useSignal(false);
  return (
    <section
      class={over.value ? "dropzone over" : "dropzone"}
      aria-label={label}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => {
        over.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        over.value = false;
        onFiles(event.dataTransfer);
      }}
    >
      {children}
    </section>
  );
}
