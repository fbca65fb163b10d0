import { isPawlError } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import type { Host } from "@pawl/host";
import { CHARGED, SESSION, STEER } from "./the-turn.ts";
import { countOf, type World } from "./world.ts";

/** Somebody who is asked: answers truly, and only what is parked, so that every run is asked the same at the same place. */
export interface Person {
  /** Answers what there is to answer. @returns whether the turn is over */
  look(): Promise<boolean>;
}

export interface PersonOptions {
  /** Beside the processes that end. */
  readonly store: Store<never>;
  /** Only its `waits` are used: it drives nothing. */
  readonly host: Pick<Host, "waits">;
  readonly world: World;
}

export function createPerson({ store, host, world }: PersonOptions): Person {
  return {
    async look() {
      const record = await store.sessions.load(SESSION);
      if (record === null) return false;
      if (record.openTurn === null) return (await store.sessions.receipts(SESSION)).length > 0;
      if (!record.parked) return false;
      const waits = await host.waits.list({ sessionId: SESSION });
      const asking = (type: string) =>
        waits.find(
          ({ reason }) =>
            typeof reason === "object" && reason !== null && "type" in reason && reason.type === type,
        );
      const question = asking("did_it_happen");
      if (question !== undefined) {
        const happened = countOf(world, "charge") > 0;
        const answer = happened ? { happened, output: CHARGED } : ({ happened: false } as const);
        // "No" is taken only when the attempt cannot happen any more (D12): until then somebody looks again.
        const given = await host.waits
          .answer(question.id, answer as { happened: true }, { by: "person" })
          .catch(unlessEarly);
        if (given?.status === "accepted")
          world.add({ what: happened ? "yes" : "no", key: question.id, by: "person" });
        return false;
      }
      const approval = asking("approval");
      if (approval === undefined) return false;
      await store.inbox.accept({
        inputId: STEER,
        sessionId: SESSION,
        content: { parts: [{ type: "text", text: "And be quick." }] },
        delivery: "steer",
        idempotencyKey: "steer",
      });
      if (countOf(world, "approve") === 0) world.add({ what: "approve", key: approval.id, by: "person" });
      await host.waits.answer(approval.id, { decision: "approve" }, { by: "person" });
      return false;
    },
  };
}

function unlessEarly(thrown: unknown): undefined {
  if (!isPawlError(thrown, "wait_answer_early")) throw thrown;
}
