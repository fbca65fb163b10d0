import type { Json } from "@pawl/core";
import type { DecisionBody, WireApproval, WireDecidedApproval } from "@pawl/http";
import { commandName } from "../command-name.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { showInput } from "../output/describe.ts";
import { oneLine } from "../output/printable.ts";
import { sayError } from "../output/say-error.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import type { WaitsOptions } from "./waits.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export async function listApprovals({ limit, session, ...options }: WaitsOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const query = { limit, ...(session !== undefined && { sessionId: session }) };
    const approvals = await client.approvals.list(query);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ approvals })}\n`);
    else process.stdout.write(approvals.length === 0 ? "Nothing waits for an approval.\n" : rows(approvals));
    return EXIT.completed;
  });
}

function rows(approvals: readonly WireApproval[]): string {
  const now = Date.now();
  const lines = approvals.map(({ approval_id, session_id, created_at, expires_at, tool, input }) => [
    approval_id,
    session_id ?? "",
    showAge(now - created_at),
    expires_at === null ? "never" : new Date(expires_at).toISOString(),
    `${oneLine(tool, 100)} ${showInput(input as Json)} needs somebody's approval`,
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["ID", "SESSION", "SINCE", "ENDS", "WHAT IT WAITS FOR"], lines, style);
}

/** Shows one approval whole, also when it was decided: what exactly is, or was, to be approved. */
export async function showApproval(id: string, options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const approval = await client.approvals.show(id);
    clear();
    // Whoever approves must see every argument, so nothing is shortened.
    process.stdout.write(`${JSON.stringify(approval, null, options.json ? undefined : 2)}\n`);
    return EXIT.completed;
  });
}

export interface DecideOptions extends ClientOptions {
  readonly reason?: string;
  readonly input?: string;
}

export type Decision = "approve" | "deny" | "edit";

/** @returns 0 when it is decided so, also when it had been before; 1 when it was decided otherwise */
export async function decide(id: string, decision: Decision, options: DecideOptions): Promise<number> {
  let body: DecisionBody;
  try {
    body = bodyOf(decision, options);
  } catch (error) {
    return sayError(error, options.json === true);
  }
  return withClient(options, async ({ client, clear }) => {
    const decided = await client.approvals.decide(id, body);
    clear();
    process.stdout.write(
      options.json ? `${JSON.stringify({ type: "approval.decided", ...decided })}\n` : describe(decided),
    );
    return EXIT.completed;
  });
}

const DONE: Readonly<Record<WireApproval["status"], string>> = {
  pending: "Not decided",
  approved: "Approved",
  edited: "Approved with other arguments",
  denied: "Denied",
  expired: "Expired",
  cancelled: "Taken back",
};

function describe({ status, decided, replayed, turn_id }: WireDecidedApproval): string {
  const by = replayed ? `; it had been before, by ${oneLine(decided?.by ?? "", 100)}` : "";
  const goOn =
    turn_id === null ? "" : ` The turn goes on. See how with: ${commandName(process.env)} watch ${turn_id}`;
  return `${DONE[status]}${by}.${goOn}\n`;
}

function bodyOf(decision: Decision, { reason, input }: DecideOptions): DecisionBody {
  if (decision === "deny") return { decision, ...(reason !== undefined && { reason }) };
  if (decision === "approve") return { decision };
  return { decision, input: parse(input ?? "") };
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw cliError("usage", `--input must be JSON, such as {"cents":100}, and text in quotes. ${why}`, cause);
  }
}

export interface LinkOptions extends ClientOptions {
  readonly for?: string;
  /** Seconds. */
  readonly expires?: number;
}

/** Prints a link with which somebody can decide. Whoever sees it can, so it is printed and nowhere kept. */
export async function printLink(
  id: string,
  of: "approvals" | "waits",
  options: LinkOptions,
): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const { url, key } = await client[of].link(id, {
      ...(options.for !== undefined && { for: options.for }),
      ...(options.expires !== undefined && { expires_at: Math.round(Date.now() + options.expires * 1000) }),
    });
    clear();
    process.stdout.write(options.json ? `${JSON.stringify({ url, key })}\n` : `${url}\n`);
    return EXIT.completed;
  });
}
