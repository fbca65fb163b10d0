import type { Json } from "../json.ts";
import type { Resolution } from "./wait-identity.ts";

/** How an approval ended. Five different things, to the model and in the record. */
export type ApprovalDecision = "approved" | "edited" | "denied" | "expired" | "cancelled";

/** What was decided, read from the resolution of an approval's await-event. */
export interface DecidedApproval {
  readonly decision: ApprovalDecision;
  /** The arguments that were approved in place of those that were asked for. */
  readonly input?: Json;
  /** Why it was denied. */
  readonly reason?: string;
  /** Who decided; absent where time, or the turn's end, did. */
  readonly by?: string;
}

/** Undefined for a resolution that decides nothing: then the call is not made. Pure. */
export function readApproval(resolution: Resolution): DecidedApproval | undefined {
  if (resolution.status === "timeout") return { decision: "expired" };
  if (resolution.status === "cancelled") return { decision: "cancelled" };
  if (resolution.status === "err") return undefined;
  const answer = resolution.payload;
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return undefined;
  const { decision, input, reason, by } = answer as { readonly [member: string]: Json | undefined };
  const who = typeof by === "string" ? { by } : {};
  if (decision === "approve") return { decision: "approved", ...who };
  if (decision === "edit" && input !== undefined) return { decision: "edited", input, ...who };
  if (decision !== "deny") return undefined;
  return { decision: "denied", ...(typeof reason === "string" && reason !== "" && { reason }), ...who };
}
