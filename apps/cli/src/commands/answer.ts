import type { Json } from "@pawl/core";
import type { AnswerBody, WireAnswered, WireWait } from "@pawl/http";
import type { PawlClient } from "../client/pawl-client.ts";
import { commandName } from "../command-name.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { sayError } from "../output/say-error.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface AnswerOptions extends ClientOptions {
  readonly happened?: true;
  readonly notHappened?: true;
  readonly abandon?: true;
  readonly result?: string;
  readonly error?: string;
  readonly grantTokens?: number;
  readonly grantUsd?: number;
}

/** Answers a wait. @returns 0, or 1 when somebody was faster */
export async function answer(id: string, options: AnswerOptions): Promise<number> {
  let body: AnswerBody;
  try {
    body = answerOf(options);
  } catch (error) {
    return sayError(error, options.json === true);
  }
  return send(id, body, options);
}

function send(id: string, body: AnswerBody, options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    // Before the answer: afterwards it does not wait any more.
    const wait = await find(client, id);
    const answered = await client.waits.answer(id, body);
    clear();
    const turnId = wait?.turn_id ?? null;
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ type: "wait.answered", ...answered, turn_id: turnId })}\n`);
    } else process.stdout.write(describe(answered, turnId));
    return answered.status === "already_answered" ? EXIT.failed : EXIT.completed;
  });
}

const MAX_WAITS = 500;

async function find({ waits }: PawlClient, id: string): Promise<WireWait | undefined> {
  return (await waits.list({ limit: MAX_WAITS })).find((wait) => wait.id === id);
}

function describe({ status, winner }: WireAnswered, turnId: string | null): string {
  if (status === "late") return "Its turn had ended before; the session is told of it.\n";
  if (status === "already_answered") return `Somebody was faster: it had ended before (${winner}).\n`;
  if (turnId === null) return "Answered.\n";
  return `Answered; the turn goes on. See how with: ${commandName(process.env)} watch ${turnId}\n`;
}

/** Exactly one answer. @throws PawlError `usage` */
function answerOf({
  happened,
  notHappened,
  abandon,
  result,
  error,
  grantTokens,
  grantUsd,
}: AnswerOptions): AnswerBody {
  const grants = grantTokens !== undefined || grantUsd !== undefined;
  const kinds = [happened, notHappened, abandon, error, grants || undefined].filter(
    (given) => given !== undefined,
  );
  if (kinds.length > 1 || (kinds.length === 1 && happened === undefined && result !== undefined)) {
    throw cliError("usage", "Give one answer only.");
  }
  if (happened) return { happened, ...(result !== undefined && { result: parse("--result", result) }) };
  if (notHappened) return { happened: false };
  if (abandon) return { abandon };
  if (grants) {
    return {
      grant: {
        ...(grantTokens !== undefined && { tokens: grantTokens }),
        ...(grantUsd !== undefined && { cost_nano_usd: Math.round(grantUsd * 1e9) }),
      },
    };
  }
  if (error !== undefined) return { error: { code: "tool_failed", message: error } };
  if (result !== undefined) return { result: parse("--result", result) };
  throw cliError(
    "usage",
    "Say how it ends: --happened, --not-happened, --abandon, --result, --error, --grant-tokens or --grant-usd.",
  );
}

function parse(option: string, text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw cliError(
      "usage",
      `${option} must be JSON, such as {"cents":100}, and text in quotes. ${why}`,
      cause,
    );
  }
}
