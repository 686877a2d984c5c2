/** @file The worker's script: it has one session and answers messages. Runs in browsers and in Node. */

import { platform } from "#platform";
import { type Cancellation, packError, type Reply, type Request, ready, type Service } from "../host/protocol.js";
import { Session } from "../host/session.js";
import { prepareHelp } from "../threads/team.js";

const parent = platform.parent();
let session: Session | undefined;
/** Works as a helper and never returns. */
let help: (() => never) | undefined;
/** Requests without an answer yet, by number. */
const running = new Map<number, AbortController>();

const opened = (): Session => {
  if (session === undefined) throw new Error("internal: the worker has no model yet");
  return session;
};

const service = (signal: AbortSignal): Service => ({
  async open(file, options) {
    session = await Session.open(file, options);
    return session.state;
  },
  async join(assignment) {
    help = await prepareHelp(assignment);
  },
  run: (input) => opened().run(input, signal),
  runPicture: async (picture, fit) => {
    try {
      return await opened().runPicture(picture, fit, signal);
    } finally {
      // The copy that came with the message.
      if ("bitmap" in picture) picture.bitmap.close();
    }
  },
  profile: (runs) => opened().profile(runs),
});

async function answer({ id, method, parameters }: Request): Promise<Reply> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const call = service(controller.signal)[method] as (...parameters: readonly unknown[]) => unknown;
    return { id, result: await call(...parameters) };
  } catch (error) {
    return { id, error: packError(error) };
  } finally {
    running.delete(id);
  }
}

parent.listen((message) => {
  if ("cancel" in (message as Request | Cancellation)) {
    running.get((message as Cancellation).cancel)?.abort();
    return;
  }
  void answer(message as Request).then((reply) => {
    parent.post(reply);
    help?.();
  });
});
parent.post(ready);
