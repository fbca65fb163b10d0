import { type Agent, agentRef, type Json, jsonSchemaOf } from "@pawl/core";
import type { Clock, Model, Store } from "@pawl/core/ports";
import {
  type ChildRequest,
  childTurnExecutor,
  delegatingExecutor,
  type EffectController,
  interruptibleWait,
  journaled,
  modelExecutor,
  type ProcessCommands,
  processExecutor,
  sleepExecutor,
  syncEnvironmentExecutor,
  toolExecutor,
} from "@pawl/effects";
import { type ApprovalPolicy, approvalGuard, grantGuard } from "@pawl/effects/guards";
import { processWaitExecutor } from "@pawl/effects/processes";
import type { HostAwaitEvents } from "./host-await-events.ts";
import type { HostOptions } from "./host-options.ts";
import type { KnownSchemas } from "./known-schemas.ts";
import type { LateOutcomes } from "./late-outcomes.ts";
import type { Observed } from "./observed.ts";
import { readTurnRequest, writeTurnRequest } from "./turn-request.ts";

export interface HostControllerOptions
  extends Pick<HostOptions, "approvals" | "approvalsExpireMs" | "grants"> {
  readonly store: Pick<Store, "inbox" | "sessions" | "processes" | "attachments" | "time">;
  readonly clock: Clock;
  readonly random: () => number;
  readonly agents: readonly Agent[];
  readonly findModel: (name: string | undefined) => Model;
  readonly schemas: KnownSchemas;
  readonly awaits: HostAwaitEvents;
  readonly commands: ProcessCommands;
  readonly lateOutcomes: LateOutcomes;
  readonly watching: Observed;
}

/** Performs the effects of this host's turns: asked are grants, then approvals, then the executor of the effect's kind (D11). */
export function createHostController(options: HostControllerOptions): EffectController {
  const { clock, random, agents, findModel, schemas, awaits, lateOutcomes, watching } = options;
  const { inbox, sessions, processes, attachments } = options.store;
  const { grants, approvalsExpireMs } = options;
  const policies = (options.approvals ?? {}) as Readonly<Record<string, ApprovalPolicy>>;
  for (const { name, output } of agents) {
    if (output !== undefined) schemas.add(jsonSchemaOf(output, `agent "${name}"`), output);
  }

  const requestOf = (environment: Json | undefined) => {
    const { limits = {}, parent } = readTurnRequest(environment);
    return { limits, parent };
  };
  const delegation = {
    inbox,
    ...(watching.traceOf && { traceOf: watching.traceOf }),
    write: (request: ChildRequest) => writeTurnRequest(request) ?? null,
    read: requestOf,
    limitsOf: (ref: string) => agents.find((known) => agentRef(known) === ref)?.limits,
  };
  const tools = toolExecutor({ clock, random, awaits: awaits.ready, attachments, late: lateOutcomes.told });
  const waitForTasks = processWaitExecutor(awaits.executors.await_event, { processes, awaits: awaits.ready });
  const parentOf = (environment: Json | undefined) => requestOf(environment).parent;

  return journaled({
    clock,
    time: options.store.time,
    guards: [
      // What is not allowed at all needs nobody's approval.
      ...(grants === undefined ? [] : [grantGuard(grants, clock)]),
      approvalGuard({
        policies,
        clock,
        ...(approvalsExpireMs !== undefined && { expiresInMs: approvalsExpireMs }),
      }),
    ],
    executors: watching.executors({
      model_call: modelExecutor(findModel, { clock, random, findSchema: schemas.find, attachments }),
      tool_call: delegatingExecutor(tools, delegation),
      sleep: sleepExecutor({ clock }),
      process: processExecutor(options.commands),
      sync_environment: syncEnvironmentExecutor,
      ...awaits.executors,
      await_event: childTurnExecutor(interruptibleWait(waitForTasks, { inbox, awaits: awaits.ready }), {
        sessions,
        inbox,
        parentOf,
      }),
    }),
  });
}
