import { type InputPart, inputId, type Json, loadJsonDigest, PawlError, sessionId } from "@pawl/core";
import type { Delivery, NewInput } from "@pawl/core/ports";

export interface InputSpec {
  readonly sessionId: string;
  readonly content: string | readonly InputPart[];
  /** Default `next`: a turn of its own. */
  readonly delivery?: Delivery;
  /** With it the id follows from session and key, so that the same request names the same turn everywhere. */
  readonly idempotencyKey?: string;
  /** Not before this time, milliseconds since the epoch. */
  readonly at?: number;
  /** For the turn's environment, see `TurnEnvironment`. */
  readonly environment?: Json;
}

/** An input as `store.inbox.accept` takes it. @throws PawlError `input_empty`, `invalid_id` */
export async function newInput(spec: InputSpec): Promise<NewInput> {
  const { content, delivery = "next", idempotencyKey, at, environment } = spec;
  const parts: readonly InputPart[] =
    typeof content === "string" ? [{ type: "text", text: content }] : content;
  if (parts.every((part) => part.type === "text" && part.text.trim() === "")) {
    const message = "An input needs text or another part: send what the agent shall work on.";
    throw new PawlError("input_empty", message, { blame: "peer" });
  }
  const session = sessionId(spec.sessionId);
  const digest = await loadJsonDigest();
  const name =
    idempotencyKey === undefined
      ? crypto.randomUUID().replaceAll("-", "")
      : digest({ session, key: idempotencyKey }).slice(0, 32);
  return {
    inputId: inputId(`in_${name}`),
    sessionId: session,
    content: { parts, ...(environment !== undefined && { environment }) },
    delivery,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(at !== undefined && { at }),
  };
}
