import type { Agent, Json, ToolSet, TurnLimits } from "@pawl/core";
import type { Clock, Logger, Model, NewId, OperationCheck, Store, ToolProvider } from "@pawl/core/ports";
import type { AnyProcess } from "@pawl/effects/processes";
import type { HostObserver } from "./observer.ts";
import type { OutboxHandlers } from "./outbox-messages.ts";

/** By the name of a tool: whether a call with these arguments needs somebody's approval. Pure: the same arguments, the same answer. */
export type ApprovalPolicies<Tools extends ToolSet> = {
  readonly [Name in keyof Tools]?: (input: InputOfTool<Tools[Name]>) => boolean;
};

type InputOfTool<T> = T extends { readonly "~tool": { readonly input: infer Input } | undefined }
  ? Input
  : Json;

export interface HostOptions<Tx = never, Tools extends ToolSet = ToolSet> {
  readonly store: Store<Tx>;
  /** One model, or how to find one by the name that an agent or an input asks for (undefined: the default). */
  readonly model: Model | ((name: string | undefined) => Model);
  /** Tools of this process, by name. */
  readonly tools?: Tools;
  /** Calls that are made only after somebody has approved them. A policy that throws asks too. */
  readonly approvals?: ApprovalPolicies<Tools>;
  /** Tools that an input's `environment` names, such as MCP servers. */
  readonly toolProvider?: ToolProvider;
  /** Background tasks that this host runs, see `backgroundTask`. */
  readonly tasks?: readonly AnyProcess[];
  /**
   * The first is the default, and of several versions of one name the first. Without any there is one named `assistant` without
   * instructions.
   */
  readonly agents?: readonly Agent[];
  readonly limits?: Partial<TurnLimits>;
  /**
   * Signs the keys of await-events: `id:base64`, several with commas, the newest first; each is 32 random bytes. The first signs and all
   * verify, so that one can be replaced while keys are out. Required for a durable store; for one in memory it is made up.
   */
  readonly secret?: string;
  /** Where this host is reached from outside, such as `https://x.io/pawl`: only links need it. A function is asked at each link. */
  readonly publicUrl?: string | (() => string | undefined);
  /** How long an approval may take before it expires, in milliseconds. Absent: for ever. */
  readonly approvalsExpireMs?: number;
  /**
   * Signs the receipts of approvals: an Ed25519 private key, PKCS #8, base64url. Absent: one that all hosts of the store share, kept in
   * the store.
   */
  readonly receiptKey?: string;
  /** What agents may do at all, asked before each of their model calls, tool calls and background tasks. Absent: everything. */
  readonly grants?: OperationCheck;
  /**
   * Who takes the messages that commits leave for the world outside, by topic: at least once, see `OutboxHandler`. What fails is tried
   * again for about an hour, and then it is a dead letter.
   */
  readonly outbox?: OutboxHandlers;
  /** Looks on while turns are driven: traces and metrics, see `@pawl/otel`. */
  readonly observer?: HostObserver;
  readonly clock?: Clock;
  readonly newId?: NewId;
  readonly logger?: Logger;
  /** Names this process among the nodes of the store; made up when absent. */
  readonly nodeId?: string;
  /** Sessions that are driven at once. Default 16. */
  readonly concurrency?: number;
  /** Drives of a session in a row that may get no further before its turn is ended (D17). Default 5. */
  readonly maxAttempts?: number;
  /** How long the store believes in this node without hearing of it, in milliseconds. Default 15 000. */
  readonly leaseTtlMs?: number;
  /** The recovery poll, in milliseconds. Default 400. */
  readonly pollMs?: number;
}
