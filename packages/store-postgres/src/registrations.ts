import {
  isEnteredAtClaim,
  type ProcessAppendPlan,
  type ProcessEventBody,
  type ProcessId,
  type ProcessRecord,
  planProcessAppend,
} from "@pawl/core";
import type { ClaimRegistered, ProcessAppended, ProcessClaim } from "@pawl/core/ports";
import { arrayText } from "./connection/array-text.ts";
import { SharedWrites } from "./connection/shared-writes.ts";
import type { StoreContext } from "./context.ts";
import { nodeValues } from "./fence-values.ts";
import { isLost, type LostClaims } from "./lost-claims.ts";
import { numberColumn, textColumn } from "./rows/column.ts";
import { registerEntered } from "./statements/register-entered.ts";
import { registerProcesses } from "./statements/register-processes.ts";

export interface AskedRegistration {
  readonly processId: ProcessId;
  readonly key: string;
  /** Storable. */
  readonly bodies: readonly ProcessEventBody[];
  readonly digest: string;
  /** Of the shape of events and records. */
  readonly version: number;
  readonly claim: ClaimRegistered | undefined;
}

/**
 * Registers a background task that is not there yet, in a statement that reads nothing first: one of its own that claims it, too, when a node
 * asks for that and all is as usual, else one that many share. Undefined: it goes the general way, which reads what is there, also after an
 * answer that was lost.
 */
export class Registrations {
  readonly #context: StoreContext;
  readonly #lost: LostClaims;
  readonly #claimed: (claim: ProcessClaim, now: number) => void;
  readonly #shared: SharedWrites;

  /** @param claimed hears of each claim, with the database's time in milliseconds */
  constructor(context: StoreContext, lost: LostClaims, claimed: (claim: ProcessClaim, now: number) => void) {
    this.#context = context;
    this.#lost = lost;
    this.#claimed = claimed;
    const { database, channels, origin } = context;
    this.#shared = new SharedWrites({
      database,
      statement: registerProcesses,
      values: [channels.processes, origin],
      keyOf: (row) => textColumn(row, "process_id", "A background task"),
    });
  }

  async register(asked: AskedRegistration): Promise<ProcessAppended | undefined> {
    const { processId, bodies, claim } = asked;
    const known = this.#context.time.earliest();
    // In a statement that many share it gets another time: what it comes to does not depend on that.
    const plan = planProcessAppend(processId, null, bodies, null, known ?? 0);
    if (plan.type !== "append" || !isRegistration(bodies)) return undefined;
    if (claim !== undefined && known !== undefined && isEnteredAtClaim(plan.record, claim.names, 1)) {
      const entered = await this.#enter(asked, plan, claim, known);
      if (entered !== "not usual") return entered;
    }
    const row = await this.#shared.write(sharedRow(asked, plan.record));
    if (row === undefined) return undefined;
    const now = numberColumn(row, "now", `Background task "${processId}"`);
    const events = plan.events.map((event) => ({ ...event, at: now }));
    const record: ProcessRecord = { ...plan.record, registeredAt: now };
    this.#context.hints.changed(processId, record);
    return { record, events, duplicate: false };
  }

  /** Undefined: whether it landed is not known. */
  async #enter(
    { processId, key, digest, version }: AskedRegistration,
    registering: Extract<ProcessAppendPlan, { type: "append" }>,
    { lease, names }: ClaimRegistered,
    now: number,
  ): Promise<ProcessAppended | "not usual" | undefined> {
    const { database, newId } = this.#context;
    const { nodeId, generation } = lease;
    const owner = { nodeId, generation };
    const started = { type: "started", attempt: 1, owner } as const;
    const entering = planProcessAppend(processId, registering.record, [started], owner, now);
    if (entering.type !== "append") return "not usual";
    const { record } = entering;
    const { name, disposition } = record.registration;
    const all = [...registering.events, ...entering.events];
    const token = newId();
    const values = [
      ...nodeValues(lease),
      processId,
      name,
      disposition,
      JSON.stringify(record),
      record.head,
      JSON.stringify(all.map(({ body }) => body)),
      version,
      key,
      digest,
      arrayText(record.grants),
      now,
      arrayText(names),
      token,
    ];
    try {
      const write = () => database.writeCounted(registerEntered, values, { repeatLost: false });
      if ((await this.#lost.watch(token, write)) === 0) return "not usual";
    } catch (error) {
      if (isLost(error)) return undefined;
      throw error;
    }
    const claim: ProcessClaim = { fence: { node: lease, processId, epoch: 1 }, record, entered: true };
    this.#claimed(claim, now);
    return { record, events: registering.events, duplicate: false, claim };
  }
}

function sharedRow({ processId, key, digest, version }: AskedRegistration, record: ProcessRecord) {
  const { registration, signals, grants } = record;
  const { name, disposition } = registration;
  const row = { processId, name, disposition, registration, signals, grants, version, key, digest };
  const text = JSON.stringify(row);
  return { key: processId, row: text, characters: text.length };
}

/** Nothing but what begins it and who sees it. */
function isRegistration([first, ...others]: readonly ProcessEventBody[]): boolean {
  return first?.type === "registered" && others.every(({ type }) => type === "grant_added");
}
