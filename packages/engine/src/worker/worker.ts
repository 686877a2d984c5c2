/** @file The worker's script: one session, asked by messages. Runs in browsers and in Node. */

import { platform } from "#platform";
import { packError, type Reply, type Request, ready, type Service } from "../host/protocol.js";
import { Session } from "../host/session.js";
import { prepareHelp } from "../threads/team.js";

const parent = platform.parent();
let session: Session | undefined;
/** Works as a helper and never returns. */
let help: (() => never) | undefined;

const opened = (): Session => {
  if (session === undefined) throw new Error("internal: the worker has no model yet");
  return session;
};

const service: Service = {
  async open(file, options) {
    session = await Session.open(file, options);
    return session.state;
  },
  async join(assignment) {
    help = await prepareHelp(assignment);
  },
  run: (input) => opened().run(input),
  runPicture: async (picture) => {
    try {
      return await opened().runPicture(picture);
    } finally {
      // The copy that came with the message.
      if ("bitmap" in picture) picture.bitmap.close();
    }
  },
  profile: (runs) => opened().profile(runs),
};

async function answer({ id, method, parameters }: Request): Promise<Reply> {
  try {
    return { id, result: await (service[method] as (...parameters: readonly unknown[]) => unknown)(...parameters) };
  } catch (error) {
    return { id, error: packError(error) };
  }
}

parent.listen((message) => {
  void answer(message as Request).then((reply) => {
    parent.post(reply);
    help?.();
  });
});
parent.post(ready);
