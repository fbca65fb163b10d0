import type { Host, Session } from "@pawl/host";
import { wireEffect, wireReplay, wireSession, wireTurnSummary, wireVerification } from "@pawl/http";
import { cliError } from "../errors.ts";
import type { Reads } from "./reads.ts";

/** Reads of the store that this process has opened. */
export function localReads(host: Host): Reads {
  async function known(id: string): Promise<Session> {
    const session = host.session(id);
    if ((await session.record()) !== null) return session;
    throw cliError("session_unknown", `There is no session "${id}". \`pawl sessions\` lists those that are.`);
  }
  return {
    sessions: async (limit) => (await host.sessions({ limit })).map(wireSession),
    turns: async (id, limit) => (await (await known(id)).turns({ limit })).map(wireTurnSummary),
    effects: async (id) => (await host.turn(id).effects()).map(wireEffect),
    record: (id, options) => host.turn(id).record(options),
    replay: async (id) => wireReplay(await host.turn(id).replay()),
    async verify(id, anchor) {
      const session = host.session(id);
      return wireVerification(await session.verify(anchor === undefined ? {} : { anchor }));
    },
  };
}
