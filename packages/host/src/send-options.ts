import type { Agent, InputPart, Json, Schema, TurnLimits } from "@pawl/core";
import type { Delivery, NewInput } from "@pawl/core/ports";

/** A file as bytes: it is stored once, by its content, and messages refer to it. */
export interface NewFilePart {
  readonly type: "file" | "image";
  /** Such as `image/png`. */
  readonly mediaType: string;
  readonly data: Uint8Array | ArrayBuffer | Blob;
  readonly name?: string;
}

export type SendContent = string | readonly (InputPart | NewFilePart)[];

export interface SendOptions<Tx = never> {
  /** Default `next`: a turn of its own. */
  readonly delivery?: Delivery;
  /** The same key and content again gives the same turn; other content is `store_conflict`. */
  readonly idempotencyKey?: string;
  /** Not before this time, milliseconds since the epoch. */
  readonly at?: number;
  /** A transaction of the caller's own: the input exists when that commits. */
  readonly tx?: Tx;
  /**
   * What becomes of messages of this session with the same `key` and `delivery` that no turn has taken yet: `supersede` replaces them,
   * `coalesce` puts their parts before its own.
   */
  readonly queue?: NewInput["queue"];
  /** `name` or `name@version` of one of the host's agents; what began with one version goes on with it. */
  readonly agent?: string | Agent;
  readonly model?: string;
  /** In place of those of its agent. */
  readonly limits?: Partial<TurnLimits>;
  /**
   * Bounds from somebody who may tighten those of the agent and not loosen them: the tighter ones hold. `onBudget: "wait"` counts where
   * the agent waits, too, or has no budget of its own.
   */
  readonly narrow?: Partial<TurnLimits>;
  /** The answer is JSON that fits this schema; it comes before what the agent is made for. */
  readonly output?: Schema;
  /** For the host's `toolProvider`. */
  readonly environment?: Json;
  /** Names of tools whose calls need somebody's approval in this turn, and in those of the agents that it hands work to. */
  readonly ask?: readonly string[];
  /** The only tools that this turn, and every agent that it hands work to, may use; `*` at the end of a name stands for anything. */
  readonly grant?: { readonly tools: readonly string[] };
}
