import type { ParentTurn, TurnConfig } from "@pawl/core";
import type { InputRecord, Toolbox } from "@pawl/core/ports";

/** A turn that is ready to begin: its configuration, which is stored, and the tools behind it, which are not. */
export interface PreparedTurn {
  readonly config: TurnConfig;
  readonly toolbox: Toolbox;
}

export interface EnvironmentOptions {
  readonly sessionId: string;
  readonly signal: AbortSignal;
}

/** An input that asks for a fork: a turn that shares a recorded one's inputs up to an ordinal, and goes its own way from there. */
export interface ForkRequest {
  readonly sessionId: string;
  readonly turnId: string;
  readonly at: number;
  /** Performs what may change the world. Else the fork is a dry run. */
  readonly live: boolean;
  /** The input's own content takes the place of what began the turn; only at ordinal 0. */
  readonly replacesPrompt: boolean;
}

/**
 * Where turns get their configuration and tools from. A PawlError whose blame is the host's or a peer's ends the turn with
 * that message; any other failure is tried again later.
 */
export interface TurnEnvironment {
  /** For an input that begins a turn. */
  prepare(input: InputRecord, options: EnvironmentOptions): Promise<PreparedTurn>;
  /** Set for inputs that ask for a fork. @throws PawlError for a request that cannot be read */
  forkOf?(input: InputRecord): ForkRequest | undefined;
  /** Set for inputs that another turn sent to have work done. */
  parentOf?(input: InputRecord): ParentTurn | undefined;
  /** What is stored for a turn that could not be prepared. */
  readonly fallback: TurnConfig;
  /** For a turn that was begun before, here or elsewhere: the tools that its configuration names. */
  reopen(config: TurnConfig, options: EnvironmentOptions): Promise<Toolbox>;
  /** The tools as they are now, for a turn that looks for them anew (`refreshTools: "iteration"`). */
  refresh?(config: TurnConfig, options: EnvironmentOptions): Promise<Toolbox>;
}
