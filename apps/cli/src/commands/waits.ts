import type { WireWait } from "@pawl/http";
import { EXIT } from "../exit-codes.ts";
import { reasonOf, showReason } from "../output/describe.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import type { ListOptions } from "./sessions.ts";
import { withClient } from "./with-client.ts";

export interface WaitsOptions extends ListOptions {
  readonly session?: string;
}

export async function listWaits({ limit, session, ...options }: WaitsOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const waits = await client.waits.list({ limit, ...(session !== undefined && { sessionId: session }) });
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ waits })}\n`);
    else process.stdout.write(waits.length === 0 ? "Nothing waits.\n" : describe(waits));
    return EXIT.completed;
  });
}

export interface ApprovalShape {
  readonly approval_id: string;
  readonly session_id: string | null;
  readonly turn_id: string | null;
  readonly tool: string;
  readonly input: unknown;
  readonly argument_hash: string;
  readonly created_at: number;
  readonly expires_at: number | null;
}

/** The wait as an approval; undefined for one that asks for something else. Pure. */
export function approvalOf(wait: WireWait): ApprovalShape | undefined {
  const reason = reasonOf(wait);
  if (reason?.type !== "approval") return undefined;
  return {
    approval_id: wait.id,
    session_id: wait.session_id,
    turn_id: wait.turn_id,
    tool: reason.tool,
    input: reason.input,
    argument_hash: reason.argument_hash,
    created_at: wait.created_at,
    expires_at: wait.due_at,
  };
}

export async function listApprovals({ limit, session, ...options }: WaitsOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const waits = await client.waits.list({ limit, ...(session !== undefined && { sessionId: session }) });
    const asked = waits.filter((wait) => approvalOf(wait) !== undefined);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ approvals: asked.map(approvalOf) })}\n`);
    else process.stdout.write(asked.length === 0 ? "Nothing waits for an approval.\n" : describe(asked));
    return EXIT.completed;
  });
}

function describe(waits: readonly WireWait[]): string {
  const now = Date.now();
  const rows = waits.map((wait) => [
    wait.id,
    wait.session_id ?? "",
    showAge(now - wait.created_at),
    wait.due_at === null ? "never" : new Date(wait.due_at).toISOString(),
    showReason(wait),
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["ID", "SESSION", "SINCE", "ENDS", "WHAT IT WAITS FOR"], rows, style);
}
