/** @file The camera's picture, classified frame by frame. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { modelName } from "../catalog/types.js";
import { Chooser } from "../components/chooser.js";
import { Confidence } from "../components/confidence.js";
import { BitGlyph, Icon } from "../components/icons.js";
import { Notice } from "../components/notice.js";
import { duration, shortLabel } from "../format.js";
import { type CameraFault, faultOf, openCamera } from "../runtime/camera.js";
import { prepare } from "../runtime/prepare.js";
import type { Answer } from "../runtime/runner.js";
import { chosen, siblingsOf } from "../state/catalog.js";
import { place } from "../state/place.js";
import { runnerOf } from "../state/runners.js";
import { useFamilyOf } from "../state/use-family.js";
import { median } from "../statistics.js";

type CameraState = "off" | "asking" | "on" | CameraFault;

const faults: Readonly<Record<CameraFault, string>> = {
  none: "No camera was found. Connect one and try again, or choose pictures instead.",
  refused: "The browser may not use the camera. Allow it for this page in the address bar, then try again.",
  insecure: "Browsers give the camera only to pages that come over HTTPS or from this machine.",
  busy: "The camera cannot be read; another program may be using it.",
};

/** Number of latest frames from which frames per second are computed. */
const window = 20;

export function CameraView(): JSX.Element {
  const family = useFamilyOf("photos");
  const state = useSignal<CameraState>("off");
  const answers = useSignal<ReadonlyMap<string, Answer>>(new Map());
  const failure = useSignal<string | undefined>(undefined);
  const frameRate = useSignal<number | undefined>(undefined);
  const video = useRef<HTMLVideoElement>(null);
  const stopped = useRef<AbortController | undefined>(undefined);

  const stop = () => {
    stopped.current?.abort();
    state.value = "off";
    frameRate.value = undefined;
  };
  useEffect(() => stop, []);

  const start = async () => {
    const controller = new AbortController();
    stopped.current = controller;
    state.value = "asking";
    failure.value = undefined;
    try {
      const stream = await openCamera();
      controller.signal.addEventListener("abort", () => {
        for (const track of stream.getTracks()) track.stop();
      });
      if (controller.signal.aborted) return;
      video.current!.srcObject = stream;
      await video.current!.play();
      state.value = "on";
    } catch (error) {
      state.value = faultOf(error);
      return;
    }
    try {
      await classifyFrames(video.current!, controller.signal, (results, rate) => {
        answers.value = results;
        frameRate.value = rate;
      });
    } catch (error) {
      stop();
      failure.value = error instanceof Error ? error.message : String(error);
    }
  };

  const isOn = state.value === "on";
  const fault = faults[state.value as CameraFault];
  return (
    <div class="view">
      <div class="intro">
        <h1>Live camera</h1>
        <p>Every frame goes through all chosen bit widths, as fast as this machine can.</p>
      </div>
      {family === "none" ? <Notice>There is no network for photographs among these models.</Notice> : null}
      <Chooser name="camera" kind="photos" />
      <div class="camera">
        <section class="panel stack" aria-label="Camera">
          <div class="viewfinder">
            <video ref={video} muted playsInline hidden={!isOn} aria-label="The camera's picture" />
            {isOn ? null : <Icon name="camera" />}
          </div>
          <div class="row">
            {isOn ? (
              <button class="button" type="button" onClick={stop}>
                Stop
              </button>
            ) : (
              <button
                class="button primary"
                type="button"
                disabled={state.value === "asking"}
                onClick={() => void start()}
              >
                <Icon name="camera" />
                {state.value === "asking" ? "Asking for the camera …" : "Start camera"}
              </button>
            )}
            {frameRate.value === undefined ? null : (
              <output class="badge" data-testid="frame-rate">
                {frameRate.value.toFixed(1)} frames per second
              </output>
            )}
          </div>
          {fault === undefined ? null : <Notice kind="differs">{fault}</Notice>}
          {failure.value === undefined ? null : <Notice kind="wrong">{failure.value}</Notice>}
          <p class="row small muted">
            <Icon name="lock" />
            {place.value === "browser" ? "Frames stay on this machine." : "Frames are sent to the server."}
          </p>
        </section>
        <section class="digit-answers" aria-label="Answers">
          {chosen.value.map((model) => {
            const answer = answers.value.get(model.id);
            const best = answer?.top[0];
            return (
              <article class="panel stack" key={model.id}>
                <h2 class="row model-heading">
                  <BitGlyph bits={model.bits} />
                  {modelName(model, siblingsOf(model))}
                </h2>
                <p class="answer-top">{best === undefined ? "–" : shortLabel(best.label ?? `class ${best.index}`)}</p>
                {answer === undefined ? null : (
                  <>
                    <Confidence predictions={answer.top.slice(0, 3)} />
                    <p class="small muted">{duration(answer.computeMs)} for this frame</p>
                  </>
                )}
              </article>
            );
          })}
        </section>
      </div>
    </div>
  );
}

/** Classifies one frame after the other with all chosen models, until the signal fires. */
async function classifyFrames(
  video: HTMLVideoElement,
  signal: AbortSignal,
  onFrame: (answers: ReadonlyMap<string, Answer>, perSecond: number | undefined) => void,
): Promise<void> {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const times: number[] = [];
  while (!signal.aborted) {
    const begun = performance.now();
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    context.drawImage(video, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    const models = chosen.value;
    const answers = new Map<string, Answer>();
    let runner = await runnerOf(models[0]!);
    const prepared = await prepare({ data, width, height, channels: 4 }, runner.preprocessing);
    for (const model of models) {
      runner = await runnerOf(model);
      answers.set(model.id, await runner.classify({ prepared }, { signal }));
    }
    // Waits for the screen too, so that the page can paint between frames.
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - begun);
    if (times.length > window) times.shift();
    if (!signal.aborted) onFrame(answers, times.length < 3 ? undefined : 1000 / median(times));
  }
}
