import {
  isEnteredAtClaim,
  type ProcessEventBody,
  type ProcessId,
  type ProcessRecord,
  planProcessAppend,
} from "@pawl/core";
import type { ClaimRegistered, ProcessAppended, ProcessClaim } from "@pawl/core/ports";
import type { Row } from "./connection/database.ts";
import { processHints } from "./connection/process-hint.ts";
import { SharedWrites } from "./connection/shared-writes.ts";
import type { StoreContext } from "./context.ts";
import { nodeValues } from "./fence-values.ts";
import { isLost, type LostClaims } from "./lost-claims.ts";
import { numberColumn, textColumn } from "./rows/column.ts";
import { registerProcess } from "./statements/register-process.ts";
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
 * Registers a background task that is not there yet, in a statement that reads nothing first and that many share, or in one of its own that
 * claims it, too, when a node asks for that. Undefined: it goes the general way, which reads what is there, also after an answer that was lost.
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
    // With another time than it will have: what it comes to does not depend on that.
    const plan = planProcessAppend(processId, null, bodies, null, 0);
    if (plan.type !== "append" || !isRegistration(bodies)) return undefined;
    const claims = claim !== undefined && isEnteredAtClaim(plan.record, claim.names, 1) ? claim : undefined;
    const row = await this.#write(asked, plan.record, claims);
    if (row === undefined) return undefined;
    const now = numberColumn(row, "now", `Background task "${processId}"`);
    const events = plan.events.map((event) => ({ ...event, at: now }));
    const record: ProcessRecord = { ...plan.record, registeredAt: now };
    if (row.taken !== true || claims === undefined) {
      this.#context.hints.changed(processId, record);
      return { record, events, duplicate: false };
    }
    const { nodeId, generation } = claims.lease;
    const owner = { nodeId, generation };
    const entering = planProcessAppend(
      processId,
      record,
      [{ type: "started", attempt: 1, owner }],
      owner,
      now,
    );
    if (entering.type !== "append") throw new RangeError("What is registered can be entered.");
    const fence = { node: claims.lease, processId, epoch: 1 };
    const taken: ProcessClaim = { fence, record: entering.record, entered: true };
    this.#claimed(taken, now);
    return { record: entering.record, events, duplicate: false, claim: taken };
  }

  async #write(
    { processId, key, digest, version }: AskedRegistration,
    { registration, signals, grants }: ProcessRecord,
    claim: ClaimRegistered | undefined,
  ): Promise<Row | undefined> {
    if (claim === undefined) {
      const { name, disposition } = registration;
      const text = JSON.stringify({
        processId,
        name,
        disposition,
        registration,
        signals,
        grants,
        version,
        key,
        digest,
      });
      return this.#shared.write({ key: processId, row: text, characters: text.length });
    }
    const { database, newId, origin, channels } = this.#context;
    const token = newId();
    const values = [
      ...nodeValues(claim.lease),
      processId,
      registration.name,
      registration.disposition,
      JSON.stringify(registration),
      JSON.stringify(signals),
      grants,
      version,
      key,
      digest,
      claim.names,
      token,
      channels.processes,
      processHints(origin, [processId])[0],
    ];
    try {
      return (await this.#lost.watch(token, () => database.writeOnce(registerProcess, values)))[0];
    } catch (error) {
      if (isLost(error)) return undefined;
      throw error;
    }
  }
}

/** Nothing but what begins it and who sees it. */
function isRegistration([first, ...others]: readonly ProcessEventBody[]): boolean {
  return first?.type === "registered" && others.every(({ type }) => type === "grant_added");
}
