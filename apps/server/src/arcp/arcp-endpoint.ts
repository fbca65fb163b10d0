import type { Server } from "node:http";
import type { CredentialProvisioner, Transport } from "@pawl/arcp-protocol";
import type { ArcpPersistence } from "@pawl/arcp-protocol/persistence";
import type { AgentDefinition, RuntimeLimits } from "@pawl/arcp-protocol/server";
import { ArcpServer } from "@pawl/arcp-protocol/server";
import { serveWebSocket } from "@pawl/arcp-protocol/transports/websocket-server";
import type { Logger } from "@pawl/core/ports";
import type { TokenWatch } from "../http/token-watch.ts";
import type { Principal, Principals } from "../principals/principals.ts";
import { logAudit } from "./log-audit.ts";
import { wireId } from "./wire-id.ts";

/** Where ARCP is spoken on the server's port. */
export const ARCP_PATH = "/arcp";

export interface ArcpEndpointOptions {
  readonly agents: readonly AgentDefinition[];
  readonly principals: Principals;
  readonly logger: Logger;
  readonly persistence: ArcpPersistence;
  readonly provisioner?: CredentialProvisioner;
  readonly limits?: Partial<RuntimeLimits>;
  /** Asked before each submission of a principal, by its name on the wire; what it throws refuses it. */
  readonly admit?: (wireId: string) => Promise<void> | undefined;
  /** Ends connections whose token is revoked while they are open. Absent: a connection goes on until it closes or its token expires. */
  readonly watch?: Pick<TokenWatch, "watch">;
}

/** The ARCP runtime of this process. */
export interface ArcpEndpoint {
  /** Takes up what an earlier process left. */
  start(): Promise<void>;
  /** Speaks over WebSocket at `/arcp` of a server that listens already. */
  attach(server: Server): Promise<void>;
  /** Speaks over any transport. */
  accept(transport: Transport): void;
  /** Asks for the end of a job that runs in this process. False when it does not run here. */
  cancel(jobId: string, reason: string | undefined): Promise<boolean>;
  /** Ends all connections. What jobs have not done yet is taken up by whoever starts next. */
  close(): Promise<void>;
}

export function createArcpEndpoint(options: ArcpEndpointOptions): ArcpEndpoint {
  const { agents, principals, logger, persistence, provisioner, limits, watch, admit } = options;
  const server = new ArcpServer({
    agents,
    runtime: { name: "pawl", version: "1.1.0" },
    persistence,
    authenticate: async ({ token }) => {
      const known = await principals.authenticate(token);
      if (known === undefined || !maySubmit(known)) return undefined;
      const { expiresAt } = known;
      return {
        id: wireId(known),
        ...(expiresAt !== undefined && { expiresAt }),
        ...(watch !== undefined && { watch: () => watch.watch(token) }),
      };
    },
    audit: (event) => logAudit(logger, event),
    ...(provisioner !== undefined && { provisioner }),
    ...(admit !== undefined && { admit }),
    ...(limits !== undefined && { limits }),
  });
  let closeSockets = async () => {};
  return {
    start: () => server.start(),
    accept: (transport) => server.accept(transport),
    cancel: (jobId, reason) => server.cancel(jobId, reason),
    async attach(http) {
      const endpoint = await serveWebSocket({
        server: http,
        path: ARCP_PATH,
        onTransport: (transport) => server.accept(transport),
      });
      closeSockets = () => endpoint.close();
    },
    async close() {
      await server.close();
      await closeSockets();
    },
  };
}

/** A connection looks and submits: a token that is for less lets nobody in here. */
function maySubmit({ scopes }: Principal): boolean {
  return scopes === undefined || (scopes.includes("read") && scopes.includes("write"));
}
