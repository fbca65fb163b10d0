import { ArcpError, isWireErrorCode, parseAgentRef } from "@pawl/arcp-protocol";
import type { AgentDefinition, AgentHandler, JobContext } from "@pawl/arcp-protocol/server";
import { type Agent, isPawlError, type Json, type TurnEvent } from "@pawl/core";
import type { Logger } from "@pawl/core/ports";
import type { Host, HostView, Turn, TurnResult } from "@pawl/host";
import { ownerOfWireId } from "../wire-id.ts";
import { readTurnInput } from "./turn-input.ts";
import { TurnProjection } from "./turn-projection.ts";

/** What an agent without a version is called on the wire, where every agent has one. */
const ONLY_VERSION = "1.0.0";

export interface TurnAgentsOptions {
  readonly host: Host;
  readonly agents: readonly Agent[];
  readonly logger: Logger;
  /** What of an environment a client may ask for. @throws PawlError */
  readonly admit: (environment: Json | undefined) => void;
  /** Whether the principal may begin one more turn in this session. @throws PawlError of a limit */
  readonly limit?: (session: string, wireId: string, view: HostView) => Promise<void>;
}

/** The host's agents as ARCP knows them: of each name all versions, the first of which is the default. */
export function turnAgents({ host, agents, logger, admit, limit }: TurnAgentsOptions): AgentDefinition[] {
  const byName = new Map<string, Record<string, AgentHandler>>();
  const defaults = new Map<string, string>();
  for (const { name, version = ONLY_VERSION } of agents) {
    if (parseAgentRef(`${name}@${version}`) === undefined) {
      logger.warn("An agent cannot be offered over ARCP: its name must be of a-z, 0-9 and . _ -.", {
        name,
        version,
      });
      continue;
    }
    const versions = byName.get(name) ?? {};
    byName.set(name, versions);
    if (!defaults.has(name)) defaults.set(name, version);
    const ref = agents.some((other) => other.name === name && other.version === version)
      ? `${name}@${version}`
      : name;
    versions[version] = (input, job) => runTurn({ host, ref, admit, limit }, input, job);
  }
  return [...byName].map(([name, versions]) => ({
    name,
    versions,
    default: defaults.get(name) as string,
    // The turn goes on by itself; what is taken up again is only telling of it.
    onRestart: "rerun",
  }));
}

interface TurnOfJob {
  readonly host: Host;
  /** `name` or `name@version`. */
  readonly ref: string;
  readonly admit: TurnAgentsOptions["admit"];
  readonly limit: TurnAgentsOptions["limit"];
}

/**
 * A job is one turn of a session on the host: durable there, driven by whichever node is free. Here its events are told to the job, each
 * with where it comes from (D25), so that whoever holds the job next tells on from there.
 */
async function runTurn(
  { host, ref, admit, limit }: TurnOfJob,
  given: unknown,
  job: JobContext,
): Promise<unknown> {
  const { content, session = job.jobId, model, environment, ask } = readTurnInput(given);
  admit(environment);
  const view = viewOf(host, job.principal);
  await limit?.(session, job.principal, view).catch(async (refusal: unknown) => {
    // What was let in before is not asked for again.
    if ((await view.session(session).turnOf(job.jobId)) === null) throw refused(refusal);
  });
  const turn = await view.session(session).send(content, {
    // The same job asks for the same turn, however often it is begun.
    idempotencyKey: job.jobId,
    agent: ref,
    ...(model !== undefined && { model }),
    ...(environment !== undefined && { environment }),
    ...(ask !== undefined && { ask }),
    ...limitsOf(job),
  });
  await follow(turn, job);
  return outcomeOf(await turn.result(), session);
}

/** A limit passes, so that the same again may work: only one code of the wire says so. */
function refused(thrown: unknown): unknown {
  return isPawlError(thrown) ? new ArcpError("INTERNAL_ERROR", `${thrown.code}: ${thrown.message}`) : thrown;
}

/** Whose sessions the job's turn is among: the same that this principal sees over HTTP. */
export function viewOf(host: Host, wireId: string): HostView {
  const owner = ownerOfWireId(wireId);
  return owner === undefined ? host : host.as(owner);
}

const NANO_USD_PER_USD = 1_000_000_000;

/** The machine's own bound beside the guard's: what is left in US dollars when the turn begins. */
function limitsOf(job: JobContext) {
  const usd = job.lease["cost.budget"]?.find((amount) => amount.startsWith("USD:"))?.slice("USD:".length);
  const maxCostNanoUsd = Math.floor(Number(usd) * NANO_USD_PER_USD);
  return usd === undefined || !(maxCostNanoUsd > 0) ? {} : { limits: { maxCostNanoUsd } };
}

async function follow(turn: Turn, job: JobContext): Promise<void> {
  const projection = new TurnProjection();
  const told = job.recovered?.source;
  let silent = told !== undefined;
  const cancelled = cancelWith(turn, job);
  for await (const event of untilFenced(turn.events({ signal: cancelled.lost }), job)) {
    // What agents do that work for the turn comes in whatever order it happens, and is told by their own turns.
    if (event.path !== undefined) continue;
    // Without how far those agents were seen: the same event has the same source whenever it is told.
    const [id] = event.id.split("[", 1);
    for (const [index, { kind, body, state }] of projection.project(event).entries()) {
      const source = `${id}/${index}`;
      if (state !== undefined) setState(job, state);
      if (!silent) await job.emit(kind, body, { source });
      else if (source === told) silent = false;
    }
  }
  await cancelled.asked;
}

/** Asks for the turn's end when the job is to end. A job that merely moves to another process leaves its turn alone. */
function cancelWith(
  turn: Turn,
  job: JobContext,
): { readonly lost: AbortSignal; readonly asked: Promise<unknown> } {
  const lost = new AbortController();
  const { promise: asked, resolve } = Promise.withResolvers<unknown>();
  const ask = () => {
    const { reason } = job.signal;
    const moves = !(reason instanceof ArcpError) || reason.wireCode === "INTERNAL_ERROR";
    if (moves) lost.abort();
    else turn.cancel({ reason: reason.message, origin: `arcp:${job.principal}` }).then(resolve, resolve);
  };
  if (job.signal.aborted) ask();
  else {
    job.signal.addEventListener("abort", ask, { once: true });
    resolve(undefined);
  }
  return { lost: lost.signal, asked };
}

async function* untilFenced(events: AsyncIterable<TurnEvent>, job: JobContext): AsyncGenerator<TurnEvent> {
  for await (const event of events) {
    const { reason } = job.signal;
    if (job.signal.aborted && !(reason instanceof ArcpError && reason.wireCode !== "INTERNAL_ERROR")) return;
    yield event;
  }
}

function setState(job: JobContext, state: "running" | "blocked"): void {
  try {
    job.setState(state);
  } catch {
    // It is in that state already: a second wait beside the first.
  }
}

function outcomeOf(result: TurnResult, session: string): unknown {
  switch (result.status) {
    case "completed":
      return { text: result.text, session_id: session, turn_id: result.turnId };
    case "failed":
      throw isWireErrorCode(result.code)
        ? new ArcpError(result.code, result.message)
        : new ArcpError("INTERNAL_ERROR", `${result.code}: ${result.message}`);
    case "cancelled":
      throw new ArcpError("CANCELLED", `the turn was cancelled by ${result.evidence.origin}`);
    default:
      throw new ArcpError("INTERNAL_ERROR", `the turn is ${result.status} and its job is told no more of it`);
  }
}
