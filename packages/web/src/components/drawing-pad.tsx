/** @file A canvas for one digit: by pointer, or by arrow keys. */

import type { JSX } from "preact";
import { forwardRef } from "preact/compat";
import { useImperativeHandle, useRef } from "preact/hooks";

export interface PadHandle {
  clear(): void;
}

/**
 * Side of the canvas and breadth of the pen, in pixels. The pen is about a tenth as wide as the digit is high, as in
 * MNIST.
 */
const side = 280;
const pen = 22;
/** Pixels by which one press of an arrow key moves the pen. */
const step = 14;

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-step, 0],
  ArrowRight: [step, 0],
  ArrowUp: [0, -step],
  ArrowDown: [0, step],
};

export const DrawingPad = forwardRef<PadHandle, { readonly onDraw: (canvas: HTMLCanvasElement) => void }>(
  function DrawingPad({ onDraw }, handle): JSX.Element {
    const canvas = useRef<HTMLCanvasElement>(null);
    const cursor = useRef<HTMLSpanElement>(null);
    const state = useRef({ x: side / 2, y: side / 4, down: true, scheduled: false });

    const clear = () => {
      canvas.current!.getContext("2d")!.clearRect(0, 0, side, side);
      onDraw(canvas.current!);
    };
    useImperativeHandle(handle, () => ({ clear }));

    const changed = () => {
      if (state.current.scheduled) return;
      state.current.scheduled = true;
      requestAnimationFrame(() => {
        state.current.scheduled = false;
        onDraw(canvas.current!);
      });
    };

    const lineTo = (x: number, y: number, from = state.current) => {
      const context = canvas.current!.getContext("2d", { willReadFrequently: true })!;
      context.lineWidth = pen;
      context.lineCap = context.lineJoin = "round";
      context.strokeStyle = "#fff";
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(x, y);
      context.stroke();
      changed();
    };

    const place = ({ offsetX, offsetY }: PointerEvent) => {
      const scale = side / canvas.current!.clientWidth;
      return { x: offsetX * scale, y: offsetY * scale };
    };

    const showCursor = () => {
      const { x, y, down } = state.current;
      const { style } = cursor.current!;
      style.left = `${(100 * x) / side}%`;
      style.top = `${(100 * y) / side}%`;
      style.opacity = down ? "1" : "0.5";
    };

    const keyed = (event: KeyboardEvent) => {
      const move = arrows[event.key];
      const pad = state.current;
      if (event.key === " ") pad.down = !pad.down;
      else if (event.key === "Delete" || event.key === "Backspace") clear();
      else if (move !== undefined) {
        const within = (value: number) => Math.min(Math.max(value, pen / 2), side - pen / 2);
        const [x, y] = [within(pad.x + move[0]), within(pad.y + move[1])];
        if (pad.down) lineTo(x, y);
        Object.assign(pad, { x, y });
      } else return;
      event.preventDefault();
      showCursor();
    };

    return (
      <div class="pad">
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrow keys must reach the pad in screen readers too */}
        <canvas
          ref={canvas}
          width={side}
          height={side}
          tabIndex={0}
          role="application"
          aria-label="Drawing pad: arrow keys draw, space lifts or lowers the pen, delete clears"
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            Object.assign(state.current, place(event));
            lineTo(state.current.x, state.current.y);
          }}
          onPointerMove={(event) => {
            if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
            for (const each of event.getCoalescedEvents?.() ?? [event]) {
              const next = place(each);
              lineTo(next.x, next.y);
              Object.assign(state.current, next);
            }
          }}
          onKeyDown={keyed}
          onFocus={showCursor}
        />
        <span class="pad-cursor" ref={cursor} aria-hidden="true" />
      </div>
    );
  },
);
