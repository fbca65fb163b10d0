import type { Json, JsonObject } from "../json.ts";

/**
 * What happens when a call was begun and no outcome was recorded (rule D12): `retry` performs it again (the tool is
 * idempotent or only reads); `ask` never does so by itself: the tool's `reconcile` is asked, else a person.
 */
export type OnCrash = "retry" | "ask";

/** Hints about a tool, as in MCP annotations. They are claims, not guarantees. */
export interface ToolHints {
  readonly readOnly?: boolean;
  readonly destructive?: boolean;
  readonly idempotent?: boolean;
  readonly openWorld?: boolean;
}

/** A tool as data: what the model sees of it and how the runtime treats it. Stored with the turn by content hash (D7). */
export interface ToolDefinition {
  /** What the model calls it: 1–64 characters of `[A-Za-z0-9_-]`. */
  readonly name: string;
  readonly displayName?: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly onCrash: OnCrash;
  readonly policy?: "auto" | "approval";
  readonly category?: string;
  /** The tool may answer later, through a wait. */
  readonly deferrable?: boolean;
  /** The body is re-entered after a crash and its steps are journaled (D14). */
  readonly composite?: boolean;
  /** After a crash the tool can say whether an attempt happened. */
  readonly reconciles?: boolean;
  readonly hints?: ToolHints;
  /** A failed attempt of a `retry` tool is made again. */
  readonly retry?: { readonly maxAttempts: number; readonly baseMs: number; readonly maxMs: number };
  /** Longest duration of one attempt, in milliseconds. */
  readonly timeoutMs?: number;
  /** Calls of it are handed to another agent, see `delegateTo`. */
  readonly delegate?: DelegateFacts;
  /** Where the tool comes from, for people and for finding it again (an MCP server and its own name for the tool). */
  readonly source?: { readonly [key: string]: Json };
}

/** To whom a call is handed, and with what. */
export interface DelegateFacts {
  readonly agent: string;
  /** The most of this turn's budget that one call may set aside. Absent: what the agent's own limits say, at most half of what is left. */
  readonly budget?: { readonly tokens?: number; readonly costNanoUsd?: number };
  /** Names of tools that it may use, `*` at the end stands for anything; always within what this turn may use. */
  readonly tools?: readonly string[];
}
