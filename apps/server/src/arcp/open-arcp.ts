import { randomBytes } from "node:crypto";
import { conformanceAgents } from "@pawl/arcp-protocol/conformance";
import type { AgentDefinition } from "@pawl/arcp-protocol/server";
import { nodeId } from "@pawl/core";
import type { Logger } from "@pawl/core/ports";
import { systemClock } from "@pawl/effects";
import { createLeaseKeeper } from "@pawl/queue-runner";
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

/** How long others believe in this process without hearing of it; its death they mostly notice at once. */
const LEASE_TTL_MS = 15_000;

/** ARCP on the store of this process: what one server began another one goes on with. */
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
  const keeper = createLeaseKeeper({
    leases: store.leases,
    // A lease of its own: turns and jobs are let go at different times.
    nodeId: nodeId(`${runtime.nodeId}_jobs`),
    clock: systemClock,
    logger,
    ttlMs: LEASE_TTL_MS,
  });
  const persistence = durablePersistence({
    jobs: store.jobs,
    incarnation,
    holder: async () => (await keeper.current()).lease,
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
      // Only now: what this process held is free for others, and none of it is written any more.
      await keeper.close();
    },
  };
}
