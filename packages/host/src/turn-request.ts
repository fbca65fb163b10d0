import { type Json, PawlError, type TurnLimits } from "@pawl/core";
import type { ForkRequest } from "@pawl/effects/turn-driver";

/** What an input says of the turn that it begins; stored with it as its content's `environment`. */
export interface TurnRequest {
  readonly agent?: string;
  readonly model?: string;
  readonly limits?: Partial<TurnLimits>;
  /** For the tool provider. */
  readonly environment?: Json;
  readonly fork?: ForkRequest;
  /** Tools whose calls need somebody's approval. */
  readonly ask?: readonly string[];
}

export function writeTurnRequest(request: TurnRequest): Json | undefined {
  const { agent, model, limits, environment, fork, ask } = request;
  if ([agent, model, limits, environment, fork, ask].every((part) => part === undefined)) return undefined;
  return {
    v: 1,
    ...(agent !== undefined && { agent }),
    ...(model !== undefined && { model }),
    ...(limits !== undefined && { limits: { ...limits } }),
    ...(environment !== undefined && { environment }),
    ...(fork !== undefined && { fork: { ...fork } }),
    ...(ask !== undefined && { ask }),
  };
}

/** @throws PawlError `turn_request_unreadable` for an input that a newer host wrote, or another kind of host */
export function readTurnRequest(stored: Json | undefined): TurnRequest {
  if (stored === undefined || stored === null) return {};
  if (typeof stored !== "object" || !("v" in stored) || stored.v !== 1) {
    throw new PawlError(
      "turn_request_unreadable",
      "This input asks for its turn in a form that this host does not know. Run the version that accepted it, or a newer one.",
    );
  }
  const { v: _version, ...request } = stored;
  return request as TurnRequest;
}
