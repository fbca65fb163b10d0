import type { EffectOutcome } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import type { Executors } from "@pawl/effects";
import { expect } from "vitest";
import { type DrivenOptions, type DrivenSession, drivenSession } from "./driven-session.ts";
import { intercepted } from "./driven-turns.ts";
import { answer, answerWith, definition, OK } from "./effect-under-test.ts";

const ANSWERED: EffectOutcome = {
  kind: "await_event",
  resolution: { status: "ok", payload: "the answer" },
};

type Answer = EffectOutcome & { readonly kind: "await_event" };

/** Turns whose first model call asks for `names`, each of which is answered later; the second one says "done". */
export function waitingTurn({
  names = ["ask"],
  isDurable = true,
  model = {},
  executors = {},
  ...given
}: Partial<Omit<DrivenOptions, "model">> & {
  readonly names?: readonly string[];
  readonly isDurable?: boolean;
  readonly model?: Partial<Model>;
} = {}) {
  const asked: string[] = [];
  const reply = Promise.withResolvers<void>();
  const row = Promise.withResolvers<void>();
  const session = drivenSession({
    toolbox: { definitions: names.map((name) => definition({ name })), execute: async () => OK },
    through: intercepted("inbox", "checkpoint", (call) => (call === 1 ? row.promise : Promise.resolve())),
    ...given,
    model: {
      id: "m",
      async call(request, context) {
        const { messages } = request;
        asked.push(messages.map(({ role }) => role[0]).join(""));
        if (messages.length === 1) return answerWith(names);
        return (await model.call?.(request, context)) ?? answer("done");
      },
    },
    executors: {
      tool_call: async ({ command: { callId } }) => ({
        kind: "tool_call",
        launch: { status: "pending", wait: { type: "tool_completion", callId }, onTimeout: "tell_model" },
      }),
      await_event: async (_envelope, { onDurable }) => {
        await reply.promise;
        if (isDurable) onDurable?.();
        return ANSWERED as Answer;
      },
      ...executors,
    } as Executors,
  });
  return { session, asked, reply: () => reply.resolve(), row };
}

/** Until nothing moves any more while the row is held back. */
export const settle = ({ clock }: DrivenSession) => clock.advance(100);

export async function begun(
  turn: ReturnType<typeof waitingTurn>,
  drive: Parameters<DrivenSession["drive"]>[0] = {},
) {
  await turn.session.send("go");
  const driving = turn.session.drive(drive);
  driving.catch(() => {});
  await settle(turn.session);
  expect(turn.asked).toEqual(["u"]);
  return { driving };
}

export const AFTER_WAIT = [
  "settled 1.tool_call.0/0.wait",
  "settled 1.checkpoint.0",
  "settled 2.model_call.0",
];

export async function rowsFromWait(session: DrivenSession): Promise<readonly string[]> {
  const kinds = await session.kinds();
  const at = kinds.findIndex((kind) => /wait$|await_event/.test(kind));
  return at === -1 ? [] : kinds.slice(at);
}
