import { randomBytes } from "node:crypto";
import { conformanceAgents } from "@pawl/arcp-protocol/conformance";
import type { AgentDefinition } from "@pawl/arcp-protocol/server";
import type { Logger } from "@pawl/core/ports";
import { checkMcpCommands } from "../http/mcp-command-policy.ts";
import type { TokenWatch } from "../http/token-watch.ts";
import type { LimitKeeper } from "../limits/limit-keeper.ts";
import type { Runtime } from "../open-runtime.ts";
import type { Principals } from "../principals/principals.ts";
import { admitSubmission } from "./admit-submission.ts";
import { turnAgents } from "./agents/turn-agents.ts";
import { type ArcpEndpoint, createArcpEndpoint } from "./arcp-endpoint.ts";
import { conformanceProvisioner } from "./conformance-provisioner.ts";
import { durablePersistence } from "./persistence/durable-persistence.ts";
import { ownerOfWireId } from "./wire-id.ts";

export interface OpenArcpOptions {
  readonly runtime: Runtime;
  readonly principals: Principals;
  readonly logger: Logger;
  /** Hosts the agents of the ARCP conformance checks, with every feature of 1.1. */
  readonly conformance: boolean;
  /** Limits of principals; absent: there are none. */
  readonly limits?: LimitKeeper;
  /** Ends connections whose token is revoked while they are open. */
  readonly watch?: TokenWatch;
  /** Submissions may start MCP servers by command. */
  readonly allowMcpCommands: boolean;
}

/**
 * ARCP on the store of this process: what one server began another one goes on with. It is closed before the host of the runtime is
 * stopped, which gives the lease back that sessions of clients are held under: only then are they free for others.
 */
export async function openArcp({
  runtime,
  principals,
  logger,
  conformance,
  limits,
  watch,
  allowMcpCommands,
}: OpenArcpOptions): Promise<ArcpEndpoint> {
  const { store } = runtime;
  const incarnation = await store.secrets.loadOrCreate("arcp_incarnation", () =>
    randomBytes(6).toString("hex"),
  );
  const persistence = durablePersistence({
    jobs: store.jobs,
    incarnation,
    holder: runtime.host.nodeLease,
  });
  const forChecks: AgentDefinition[] = conformance ? conformanceAgents() : [];
  const own = turnAgents({
    host: runtime.host,
    agents: runtime.agents,
    logger,
    admit: (environment) => checkMcpCommands(environment, allowMcpCommands),
    limit: async (session, wireId, view) => {
      const owner = ownerOfWireId(wireId);
      if (owner === undefined) return;
      const { principal: name, tenant } = owner;
      await limits?.input(session, { name, ...(tenant !== undefined && { tenant }) }, view);
    },
  });
  const agents = [...forChecks, ...own.filter(({ name }) => !forChecks.some((check) => check.name === name))];
  const endpoint = createArcpEndpoint({
    agents,
    principals,
    logger,
    persistence,
    ...(watch !== undefined && { watch }),
    ...(limits !== undefined && { admit: admitSubmission(limits) }),
    ...(conformance && { provisioner: conformanceProvisioner() }),
  });
  return {
    ...endpoint,
    async close() {
      await endpoint.close();
      persistence.close();
    },
  };
}
