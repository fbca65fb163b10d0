import { ArcpError } from "@pawl/arcp-protocol";
import type { Json } from "@pawl/core";
import { z } from "zod";

const text = z.string().refine((value) => value.trim() !== "", "must not be blank");

const schema = z.union([
  text.transform((content) => ({ content })),
  z.object({
    content: text,
    /** A session to go on in; each job has one of its own without it. */
    session: z.string().min(1).max(100).optional(),
    model: z.string().optional(),
    /** Tools for this turn, such as MCP servers. */
    environment: z.json().optional(),
    /** Tools whose calls need somebody's approval. */
    ask: z.array(z.string()).optional(),
  }),
  // As other runtimes of agents take it.
  z.object({ prompt: text }).transform(({ prompt }) => ({ content: prompt })),
]);

export interface TurnInput {
  readonly content: string;
  readonly session?: string | undefined;
  readonly model?: string | undefined;
  readonly environment?: Json | undefined;
  readonly ask?: readonly string[] | undefined;
}

/** @throws ArcpError `INVALID_REQUEST` */
export function readTurnInput(input: unknown): TurnInput {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data as TurnInput;
  throw new ArcpError(
    "INVALID_REQUEST",
    "the input must be a text, or an object with `content` and, where wanted, `session`, `model`, `environment` and `ask`",
  );
}
