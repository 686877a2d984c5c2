/** @file Shows the input of a network, pixel by pixel. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { asImageData } from "../runtime/prepare.js";
import type { Prepared } from "../workers/prepare.js";

export function Seen({ prepared, label }: { readonly prepared: Prepared; readonly label: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current!.getContext("2d")!.putImageData(asImageData(prepared), 0, 0);
  }, [prepared]);
  return (
    <canvas class="thumb" ref={canvas} width={prepared.width} height={prepared.height} role="img" aria-label={label} />
  );
}
