import { sessionId } from "@pawl/core";
import type { SessionVerb } from "../client/turn-client.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../output/printable.ts";
import { type AdminOptions, withAdminStore } from "./with-admin-store.ts";
import { withClient } from "./with-client.ts";

export type LifeVerb = SessionVerb;

const STATES = { retire: "retired", stop: "stopped", destroy: "destroyed" } as const;

const SAYS: Readonly<Record<LifeVerb, string>> = {
  retire: "takes nothing new; what it has is done first",
  stop: "is stopped; what had not ended is abandoned",
  destroy: "is destroyed; its id is not used again, and nothing was deleted",
  pause: "is paused on all nodes; what is under way comes to its next wait",
  resume: "goes on",
};

/** Ends a session, or holds it, on all nodes: through a server that is named, else on the database, beside a server that runs. */
export async function sessionLife(verb: LifeVerb, name: string, options: AdminOptions): Promise<number> {
  if (options.server !== undefined) {
    return withClient(options, async ({ client, clear }) => {
      const session = await client.sessionLife(name, verb);
      clear();
      if (options.json) process.stdout.write(`${JSON.stringify({ ...session, done: verb })}\n`);
      else process.stdout.write(`${printable(name)} ${SAYS[verb]}.\n`);
      return EXIT.completed;
    });
  }
  return withAdminStore(options, async ({ store, clear }) => {
    const id = sessionId(name);
    if ((await store.sessions.load(id)) === null) {
      throw cliError("session_unknown", `There is no session "${name}". \`pawl sessions\` lists them.`);
    }
    let abandoned: readonly string[] = [];
    if (verb === "pause" || verb === "resume") await store.sessions.setPaused(id, verb === "pause");
    else abandoned = (await store.sessions.commitLifecycle(id, STATES[verb])).abandoned;
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ session_id: id, done: verb, abandoned })}\n`);
    else process.stdout.write(`${printable(id)} ${SAYS[verb]}.\n`);
    return EXIT.completed;
  });
}
