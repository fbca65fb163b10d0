import { type ApprovalDecision, type Json, PawlError } from "@pawl/core";
import { differingPaths } from "@pawl/effects";
import type { Approval } from "./approval-view.ts";

/** Where and how arguments differ: JSON Pointers with both values. */
export interface ArgumentDifference {
  readonly path: string;
  /** As the turn asked for them; absent where there was nothing. */
  readonly asked?: Json;
  /** As they stand now. */
  readonly now?: Json;
}

/** What was to be approved is not what is asked for: nobody may approve the one and get the other. */
export function argumentsChanged(id: string, now: Json, asked: Json | undefined): PawlError {
  const differences =
    asked === undefined
      ? []
      : differingPaths(asked, now).map((path): ArgumentDifference => {
          const [before, after] = [valueAt(asked, path), valueAt(now, path)];
          return {
            path,
            ...(before !== undefined && { asked: before }),
            ...(after !== undefined && { now: after }),
          };
        });
  const where = differences.map(({ path }) => path).join(", ");
  return new PawlError(
    "approval_arguments_changed",
    `The arguments of approval "${id}" are not those that were asked for${where === "" ? "" : `: they differ at ${where}`}. It cannot be answered; look at the turn, and cancel it.`,
    { blame: "peer", details: { differences } },
  );
}

export function approvalUnknown(id: string): PawlError {
  return new PawlError(
    "approval_unknown",
    `There is no approval "${id}". List the approvals to see those that are asked for.`,
    { blame: "peer" },
  );
}

/** Forged, foreign, unknown and revoked keys get this one answer. */
export function approvalLinkUnknown(): PawlError {
  return new PawlError(
    "approval_link_unknown",
    "This link answers nothing: it is not whole, or it was taken back. Ask for a new one.",
    { blame: "peer" },
  );
}

export function approvalLinkExpired(): PawlError {
  return new PawlError("approval_link_expired", "This link has expired. Ask for a new one.", {
    blame: "peer",
  });
}

export function approvalConflict(approval: Approval): PawlError {
  const { id, status, decided } = approval;
  const how: Record<ApprovalDecision | "pending", string> = {
    approved: "approved",
    edited: "approved with other arguments",
    denied: "denied",
    expired: "not answered in time",
    cancelled: "taken back",
    pending: "not decided",
  };
  return new PawlError(
    "approval_conflict",
    `Approval "${id}" was ${how[status]} before${decided === null ? "" : `, by ${decided.by}`}: that stands.`,
    { blame: "peer", details: { approval } },
  );
}

export function approvalPending(id: string): PawlError {
  return new PawlError(
    "approval_pending",
    `Approval "${id}" is not decided yet, so there is no receipt of it.`,
    { blame: "peer" },
  );
}

export function approvalInputInvalid(tool: string, problem: string): PawlError {
  return new PawlError(
    "approval_input_invalid",
    `The tool "${tool}" does not take these arguments: ${problem}. Nothing was decided.`,
    { blame: "peer" },
  );
}

export function publicUrlMissing(): PawlError {
  return new PawlError(
    "public_url_missing",
    'A link needs to know where this host is reached: give createHost({ publicUrl: "https://…" }), or set PAWL_PUBLIC_URL.',
    { blame: "host" },
  );
}

export function outboxHandlerLate(topic: string, afterMs: number): PawlError {
  return new PawlError(
    "outbox_handler_timeout",
    `The handler of "${topic}" did not come to an end within ${afterMs / 1_000} s, and was told to stop. Hand long work on to a background task.`,
    { blame: "host" },
  );
}

export function deadLetterUnknown(id: string): PawlError {
  return new PawlError(
    "dead_letter_unknown",
    `There is no dead letter "${id.slice(0, 200)}": it was delivered, discarded or is tried again.`,
    { blame: "peer" },
  );
}

function valueAt(value: Json, pointer: string): Json | undefined {
  if (pointer === "/") return value;
  let at: Json | undefined = value;
  for (const part of pointer.split("/").slice(1)) {
    const member = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, member)) return undefined;
    at = (at as { readonly [member: string]: Json })[member];
  }
  return at;
}

export function hostStopped(): PawlError {
  return new PawlError(
    "node_closed",
    "This host was stopped, and for good: make another one with createHost to go on.",
  );
}
