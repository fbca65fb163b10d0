import {
  type Grant,
  type Json,
  type JsonObject,
  type ParentTurn,
  PawlError,
  type TurnLimits,
} from "@pawl/core";
import type { ForkRequest } from "@pawl/effects/turn-driver";

/** What an input says of the turn that it begins; stored with it as its content's `environment`. */
export interface TurnRequest {
  readonly agent?: string;
  readonly model?: string;
  readonly limits?: Partial<TurnLimits>;
  /** Where its agent's are tighter, those hold. */
  readonly narrow?: Partial<TurnLimits>;
  /** For the tool provider. */
  readonly environment?: Json;
  readonly fork?: ForkRequest;
  /** Tools whose calls need somebody's approval. */
  readonly ask?: readonly string[];
  readonly output?: { readonly schema: JsonObject };
  readonly grant?: Grant;
  /** W3C `traceparent` of whoever sent it. */
  readonly trace?: string;
  /** The turn that wants this one's work. */
  readonly parent?: ParentTurn;
}

/** A request whose members may be there without a value. */
type Loose<T> = { readonly [Key in keyof T]: T[Key] | undefined };

export function writeTurnRequest(request: Loose<TurnRequest>): Json | undefined {
  const said = Object.entries(request).filter(([, value]) => value !== undefined);
  return said.length === 0 ? undefined : { v: 1, ...(Object.fromEntries(said) as JsonObject) };
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
