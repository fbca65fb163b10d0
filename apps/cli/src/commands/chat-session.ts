import type { WireTurnResult } from "@pawl/http";
import type { PawlClient } from "../client/pawl-client.ts";
import type { NewTurn } from "../client/turn-client.ts";
import { showWait } from "../output/describe.ts";
import type { TurnOutput } from "../output/turn-output.ts";
import { followTurn } from "./follow-turn.ts";
import type { LineQueue } from "./line-queue.ts";

export interface ChatOptions {
  readonly client: PawlClient;
  readonly lines: LineQueue;
  readonly output: TurnOutput;
  /** Shows whose turn it is to write. */
  readonly prompt: (text: string) => void;
  /** What every input is sent with. */
  readonly turn: Omit<NewTurn, "content" | "delivery">;
  /** Whether a line that comes while a turn runs goes into that turn; else it begins the next one. */
  readonly steering: boolean;
}

export interface ChatSession {
  /** Talks until there are no more lines. @returns how the last turn stood, if there was one */
  talk(): Promise<WireTurnResult | undefined>;
  /** Asks for the end of the turn that runs. @returns false when none does */
  cancel(): boolean;
}

type Wait = Extract<WireTurnResult, { status: "waiting" }>["waits"][number];

/**
 * One session, line by line: a line begins a turn, a line while it runs is steered into it, and what needs somebody's approval, or more of
 * a budget, is asked for where it comes up.
 */
export function createChatSession(options: ChatOptions): ChatSession {
  const { client, lines, output, prompt, turn, steering } = options;
  let running: string | undefined;
  /** Events of the turn that were shown: after a decision it is followed from its beginning again. */
  const shown = new Set<string>();
  const once: TurnOutput = {
    ...output,
    event(event) {
      if (!shown.has(event.id)) output.event(event);
      shown.add(event.id);
    },
  };
  /** Turns of what was steered: what came too late is a turn of its own. */
  let steered: string[] = [];

  async function talk(): Promise<WireTurnResult | undefined> {
    let last: WireTurnResult | undefined;
    for (;;) {
      prompt("› ");
      const line = await lines.next();
      if (line === undefined) return last;
      if (line.trim() === "") continue;
      const { turnId } = await client.send({ ...turn, content: line });
      last = await finish(turnId);
    }
  }

  async function finish(turnId: string): Promise<WireTurnResult> {
    shown.clear();
    let result = await show(turnId);
    while (result.status === "waiting" && (await settleAll(result.turn_id, result.waits)))
      result = await show(turnId);
    const asked = steered;
    steered = [];
    for (const late of asked) {
      const { result: its } = await client.explain(late);
      if (its?.turn_id !== result.turn_id) result = await finish(late);
    }
    return result;
  }

  async function show(turnId: string): Promise<WireTurnResult> {
    running = turnId;
    const over = new AbortController();
    const hearing = steering ? steer(over.signal) : undefined;
    try {
      return await followTurn(client, turnId, once);
    } finally {
      running = undefined;
      over.abort();
      await hearing;
    }
  }

  async function steer(over: AbortSignal): Promise<void> {
    for (;;) {
      const line = await lines.next(over).catch(() => undefined);
      if (line === undefined) return;
      if (line.trim() === "") continue;
      try {
        const { turnId } = await client.send({ ...turn, content: line, delivery: "steer" });
        steered.push(turnId);
        output.notice("The turn is told so at its next step.");
      } catch (error) {
        output.notice(`It could not be told so: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  /** @returns whether something was settled, so that the turn goes on */
  async function settleAll(turnId: string, waits: readonly Wait[]): Promise<boolean> {
    let settled = false;
    for (const wait of waits) {
      const { type } = wait.reason;
      if (type === "approval" && (await decide(wait))) settled = true;
      if (type === "budget" && (await grant(wait, wait.path?.at(-1)?.turn_id ?? turnId))) settled = true;
    }
    return settled;
  }

  async function grant(wait: Wait, turnId: string): Promise<boolean> {
    const isMoney = wait.reason.type === "budget" && wait.reason.limit === "cost";
    for (;;) {
      prompt(`${showWait(wait)}. How many ${isMoney ? "US dollars" : "tokens"} more? A number, or [l]ater: `);
      const answer = (await lines.next())?.trim().toLowerCase();
      if (answer === undefined || "later".startsWith(answer || " ")) return false;
      const amount = Math.round(Number(answer) * (isMoney ? 1e9 : 1));
      if (!(Number.isSafeInteger(amount) && amount > 0)) continue;
      await client.grant(turnId, isMoney ? { cost_nano_usd: amount } : { tokens: amount });
      return true;
    }
  }

  async function decide(wait: Wait): Promise<boolean> {
    for (;;) {
      prompt(`${showWait(wait)}. Approve it? [y]es, [n]o, [l]ater: `);
      const answer = (await lines.next())?.trim().toLowerCase();
      if (answer === undefined || "later".startsWith(answer || " ")) return false;
      const decision = "yes".startsWith(answer) ? "approve" : "no".startsWith(answer) ? "deny" : undefined;
      if (decision === undefined) continue;
      await client.approvals.decide(wait.id, { decision });
      return true;
    }
  }

  return {
    talk,
    cancel() {
      if (running === undefined) return false;
      client.cancel(running, "interrupted").catch((error: unknown) => output.notice(String(error)));
      return true;
    },
  };
}
