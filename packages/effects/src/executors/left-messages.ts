import { type Json, type LeftMessage, PawlError, type ToolCallOutcome } from "@pawl/core";
import type { TurnOutboxRoom } from "../controller/effect-controller.ts";
import { storable } from "../storable.ts";
import { charsOf, MAX_TURN_CHARS, MAX_TURN_MESSAGES } from "./outbox-room.ts";

/** Of one call: a message is a note for whoever does the rest, not the rest itself. */
const MAX_MESSAGES = 100;
/** Of all messages of one call, in UTF-16 code units of their JSON: they are kept in the row of its outcome. */
const MAX_CHARS = 256 * 1024;
const MAX_TOPIC_CHARS = 200;

export interface LeftMessagesOptions {
  /** Of the turn. Absent: only the call has bounds. */
  readonly room?: TurnOutboxRoom;
  /** Writes down what was left while the attempt goes on, for an attempt whose end may never be known. */
  readonly keep?: (messages: readonly LeftMessage[]) => void;
  /** Calls back when the attempt has not ended at once; returns how not to. */
  readonly soon?: (callback: () => void) => () => void;
}

/** What one attempt of a call leaves for the world outside (D23). */
export class LeftMessages {
  readonly #o: LeftMessagesOptions;
  readonly #messages: LeftMessage[] = [];
  #chars = 0;
  #stepsUnderWay = 0;
  #kept = 0;
  #dontKeep: (() => void) | undefined;

  constructor(options: LeftMessagesOptions = {}) {
    this.#o = options;
  }

  /** @throws PawlError `outbox_message_invalid`, `outbox_in_step`, `outbox_full` */
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
    const chars = charsOf(message);
    if (this.#messages.length >= MAX_MESSAGES) throw invalid(`a call may leave ${MAX_MESSAGES}`);
    if (this.#chars + chars > MAX_CHARS) {
      throw invalid(`a call may leave ${MAX_CHARS} characters of JSON: leave a reference instead`);
    }
    if (this.#o.room?.take(chars) === false) {
      throw new PawlError(
        "outbox_full",
        `A turn may leave ${MAX_TURN_MESSAGES} messages and ${MAX_TURN_CHARS} characters of JSON, and this one has left as much. Leave one message for many things, or a reference to what is large.`,
      );
    }
    this.#chars += chars;
    this.#messages.push(message);
    if (this.#o.keep !== undefined) this.#dontKeep ??= this.#o.soon?.(() => this.#keep());
  };

  /** The attempt came to an end: its outcome says what it left. */
  ended(): void {
    this.#dontKeep?.();
  }

  /** What it left counts for nothing. */
  forget(): void {
    this.#o.room?.giveBack(this.#messages);
  }

  #keep(): void {
    this.#dontKeep = undefined;
    this.#o.keep?.(this.#messages.slice(this.#kept));
    this.#kept = this.#messages.length;
  }

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
