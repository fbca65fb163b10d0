import type { LeftMessage, TurnState } from "@pawl/core";
import type { TurnOutboxRoom } from "../controller/effect-controller.ts";

/** What one turn may leave for the world outside: all of it is written with its commit. */
export const MAX_TURN_MESSAGES = 1_000;
/** In UTF-16 code units of JSON. */
export const MAX_TURN_CHARS = 1024 * 1024;

/** How much of a turn's outbox is taken: by calls that are settled, and by those that are made now, side by side. */
export class OutboxRoom implements TurnOutboxRoom {
  readonly #settled: () => readonly LeftMessage[];
  #taken: { messages: number; chars: number } | undefined;

  /** @param settled what calls left that were made before; read once, at the first message */
  constructor(settled: () => readonly LeftMessage[]) {
    this.#settled = settled;
  }

  take(chars: number): boolean {
    this.#taken ??= sizeOf(this.#settled());
    const { messages, chars: before } = this.#taken;
    if (messages >= MAX_TURN_MESSAGES || before + chars > MAX_TURN_CHARS) return false;
    this.#taken = { messages: messages + 1, chars: before + chars };
    return true;
  }

  giveBack(messages: readonly LeftMessage[]): void {
    if (this.#taken === undefined || messages.length === 0) return;
    const back = sizeOf(messages);
    this.#taken = {
      messages: this.#taken.messages - back.messages,
      chars: this.#taken.chars - back.chars,
    };
  }
}

/** What a turn has left so far, with what waits for somebody to say that it happened. */
export function leftBy({ left = [], phase }: TurnState): readonly LeftMessage[] {
  const slots = "slots" in phase ? phase.slots : [];
  return [...left, ...slots.flatMap(({ wait }) => wait?.left ?? [])];
}

export function charsOf(message: LeftMessage): number {
  return JSON.stringify(message).length;
}

function sizeOf(messages: readonly LeftMessage[]): { messages: number; chars: number } {
  return {
    messages: messages.length,
    chars: messages.reduce((sum, message) => sum + charsOf(message), 0),
  };
}
