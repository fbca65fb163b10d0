import { canonicalJson, type LogRow } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import type { Host } from "@pawl/host";
import { SESSION, TURN } from "./the-turn.ts";
import { countOf, type World } from "./world.ts";

/** What became of the turn. */
export interface Story {
  /** How often each was performed, all processes together. */
  readonly performed: { readonly [what: string]: number };
  /** What somebody was asked about `charge`, and said; null when nobody was asked. */
  readonly asked: "yes" | "no" | null;
  /** Different idempotency keys under which `charge` was performed. */
  readonly chargeKeys: number;
  readonly status: string;
  /** Transcript, receipts, inputs and outbox in canonical JSON: the commit payload of D26, and what follows from it (D23). */
  readonly committed: string;
  /** The ordered inputs of the machine with the must-match fields of their commands, without their times (D26). */
  readonly machine: string;
  /** What is wrong whatever the point: a gap, an input without its end, a chain that is broken, a replay that differs. */
  readonly faults: readonly string[];
}

export const PERFORMED = ["charge", "look", "refund", "model"] as const;

export async function readStory(store: Store<never>, host: Host, world: World): Promise<Story> {
  const rows = await store.log.read(SESSION);
  const inputs = await store.inbox.list(SESSION);
  const receipts = await store.sessions.receipts(SESSION);
  const transcript = await store.sessions.transcript(SESSION);
  const committed = await store.sessions.loadCommitted(TURN);
  const pending = await store.awaits.pending({ sessionId: SESSION, limit: 10 });
  const said = { yes: countOf(world, "yes"), no: countOf(world, "no") };
  const left = await store.outbox.list({ sessionId: SESSION, limit: 10 });
  const faults: string[] = [];
  const must = (holds: boolean, fault: string) => {
    if (!holds) faults.push(fault);
  };
  must(
    rows.every(({ seq }, index) => seq === index + 1),
    "the log has a gap",
  );
  must(
    inputs.every(({ state }) => state === "consumed") && inputs.length === 2,
    `inputs are ${inputs.map(({ inputId, state }) => `${inputId} ${state}`).join(", ")}`,
  );
  must(receipts.length === 1, `${receipts.length} receipts`);
  must(left.length === 2, `${left.length} messages are left for the world outside`);
  must(pending.length === 0, `${pending.length} waits are left open`);
  must(said.yes + said.no <= 1, "somebody was asked more than once");
  const verification = await host.session(SESSION).verify();
  must(verification.intact, `the chain is broken: ${verification.broken?.message}`);
  const replay = await host.turn(TURN).replay();
  must(replay.identical, `a replay differs in ${replay.differences.join(", ")}`);
  const charges = world.all().filter(({ what }) => what === "charge");
  return {
    performed: Object.fromEntries(PERFORMED.map((what) => [what, countOf(world, what)])),
    asked: said.yes > 0 ? "yes" : said.no > 0 ? "no" : null,
    chargeKeys: new Set(charges.map(({ key }) => key)).size,
    status: committed?.receipt.outcome?.status ?? "open",
    committed: canonicalJson({
      transcript,
      receipts,
      inputs: inputs.map(({ acceptedAt: _at, ...input }) => input),
      outbox: left.map(({ id, item }) => ({ id, item })),
    }),
    machine: canonicalJson(rows.filter(({ ordinal }) => ordinal !== null).map(machineInput)),
    faults,
  };
}

function machineInput({ ordinal, body }: LogRow) {
  if (body.kind !== "machine_input") return { ordinal, body };
  const { input, events: _display, ...rest } = body;
  const { now: _now, ...timeless } = input;
  return { ordinal, ...rest, input: timeless };
}
