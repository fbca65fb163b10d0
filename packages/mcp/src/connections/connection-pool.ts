import { PawlError } from "@pawl/core";
import {
  createServerConnection,
  type ServerConnection,
  type ServerConnectionOptions,
} from "./server-connection.ts";

/** Whose connection: one per session, server and principal. */
export interface ConnectionOwner {
  readonly session: string;
  readonly server: string;
  readonly principal: string | undefined;
}

export interface ConnectionPool {
  /** The owner's connection; made (but not yet connected) when there is none. @throws PawlError `mcp_closed` */
  connection(owner: ConnectionOwner, make: () => Omit<ServerConnectionOptions, "onIdle">): ServerConnection;
  /** The owner's connection if there is one. */
  existing(owner: ConnectionOwner): ServerConnection | undefined;
  /** Ends every connection of a session. */
  forgetSession(session: string): Promise<void>;
  close(): Promise<void>;
  readonly size: number;
}

export function createConnectionPool(): ConnectionPool {
  const held = new Map<string, { readonly session: string; readonly connection: ServerConnection }>();
  const idOf = (owner: ConnectionOwner) =>
    JSON.stringify([owner.session, owner.server, owner.principal ?? null]);

  let closed = false;

  async function endAll(which: (session: string) => boolean): Promise<void> {
    const ending: Promise<void>[] = [];
    for (const [id, { session, connection }] of held) {
      if (!which(session)) continue;
      held.delete(id);
      ending.push(connection.close());
    }
    await Promise.all(ending);
  }

  return {
    connection(owner, make) {
      const id = idOf(owner);
      const found = held.get(id);
      if (found !== undefined) return found.connection;
      if (closed) throw new PawlError("mcp_closed", "The MCP connections of this host were closed.");
      const connection = createServerConnection({
        ...make(),
        // An idle connection leaves nothing behind: a session that waits for days costs no memory.
        onIdle: () => {
          if (held.get(id)?.connection === connection) held.delete(id);
          void connection.close();
        },
      });
      held.set(id, { session: owner.session, connection });
      return connection;
    },
    existing: (owner) => held.get(idOf(owner))?.connection,
    forgetSession: (session) => endAll((owner) => owner === session),
    close: () => {
      closed = true;
      return endAll(() => true);
    },
    get size() {
      return held.size;
    },
  };
}
