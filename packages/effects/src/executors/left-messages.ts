import { type Json, type LeftMessage, PawlError, type ToolCallOutcome } from "@pawl/core";
import { storable } from "../storable.ts";

/** Of one call: a message is a note for whoever does the rest, not the rest itself. */
const MAX_MESSAGES = 100;
/** Of all messages of one call, in UTF-16 code units of their JSON: they are kept in the row of its outcome. */
const MAX_CHARS = 256 * 1024;
const MAX_TOPIC_CHARS = 200;

/** What one attempt of a call leaves for the world outside (D23). */
export class LeftMessages {
  readonly #messages: LeftMessage[] = [];
  #chars = 0;
  #stepsUnderWay = 0;

  /** @throws PawlError `outbox_message_invalid`, `outbox_in_step` */
  readonly leave = ({ topic, payload }: LeftMessage): void => {
    if (this.#stepsUnderWay > 0) {
      throw new PawlError(
        "outbox_in_step",
        "A step is not performed again when its body is entered again, so what it leaves would be lost: call outbox() when no step is under way.",
      );
    }
    if (typeof topic !== "string" || topic.trim() === "" || topic.length > MAX_TOPIC_CHARS) {
      throw invalid(`its topic must be text of 1 to ${MAX_TOPIC_CHARS} characters`);
    }
    const message = storable({ topic, payload: jsonOf(payload) });
    const chars = JSON.stringify(message).length;
    if (this.#messages.length >= MAX_MESSAGES) throw invalid(`a call may leave ${MAX_MESSAGES}`);
    if (this.#chars + chars > MAX_CHARS) {
      throw invalid(`a call may leave ${MAX_CHARS} characters of JSON: leave a reference instead`);
    }
    this.#chars += chars;
    this.#messages.push(message);
  };

  /** Nothing can be left while it runs: what it left would not be left again. */
  async during<T>(step: () => Promise<T>): Promise<T> {
    this.#stepsUnderWay += 1;
    try {
      return await step();
    } finally {
      this.#stepsUnderWay -= 1;
    }
  }

  /** The part of an outcome that says what was left. */
  get left(): Pick<ToolCallOutcome, "outbox"> {
    return this.#messages.length === 0 ? {} : { outbox: [...this.#messages] };
  }
}

/** As it is written, so that later changes of what was handed in change nothing. */
function jsonOf(payload: unknown): Json {
  try {
    const text: string | undefined = JSON.stringify(payload ?? null);
    if (text !== undefined) return JSON.parse(text);
  } catch (cause) {
    throw invalid("its payload is no JSON", cause);
  }
  throw invalid("its payload is no JSON");
}

function invalid(why: string, cause?: unknown): PawlError {
  return new PawlError("outbox_message_invalid", `The message cannot be left in the outbox: ${why}.`, {
    cause,
  });
}
