import type { LogRow } from "@pawl/core";
import type { NewAwaitEvent, Release, SessionClaim, Store } from "@pawl/core/ports";
import { labelOfRelease, labelOfRow, labelOfWait } from "./labels.ts";
import type { Seam } from "./seam.ts";

/** Verbs that change something durable. Renewals of a lease come by the clock and are left out: a stalled process shows them. */
const DURABLE = new Set([
  "sessions.beginTurn",
  "sessions.commit",
  "log.append",
  "inbox.checkpoint",
  "leases.openNode",
  "leases.claim",
  "leases.release",
  "awaits.register",
]);
/** In the order of a drive. What its first turn needs comes with the claim, and whether somebody cancels is looked at beside it. */
const READS = new Set(["sessions.transcript", "sessions.loadConfig", "log.read"]);

export interface SeamStoreOptions {
  readonly seam: Seam;
  /** Somebody has answered the approval: from then on there is something to claim again. */
  readonly approved: () => boolean;
}

/** A store as one process sees it that may end at any of its operations. */
export function seamStore(inner: Store<never>, { seam, approved }: SeamStoreOptions): Store<never> {
  let parked = false;
  let checkpoints = 0;

  function labelsOf(verb: string, args: readonly unknown[]): readonly string[] {
    const one = (label: string | undefined) => (label === undefined ? [] : [label]);
    switch (verb) {
      case "sessions.beginTurn":
        return ["the turn's beginning"];
      case "sessions.commit":
        return ["commit"];
      case "log.append":
        return [...new Set((args[1] as readonly LogRow[]).flatMap((row) => one(labelOfRow(row))))];
      case "inbox.checkpoint":
        return [`checkpoint ${checkpoints + 1}`];
      case "leases.openNode":
        return ["the node's lease"];
      case "leases.claim":
        if (!parked) return ["claim"];
        return approved() ? ["claim again"] : [];
      case "leases.release":
        return one(labelOfRelease(args[1] as Release));
      case "awaits.register":
        return one(labelOfWait(args[0] as NewAwaitEvent));
      default:
        return READS.has(verb) ? [`read of ${verb}`] : [];
    }
  }

  /** What is known to be durable once a verb has answered. */
  function learn(verb: string, args: readonly unknown[], labels: readonly string[], result: unknown): void {
    if (verb === "log.read") {
      for (const row of result as readonly LogRow[]) see(labelOfRow(row));
      return;
    }
    if (verb === "inbox.checkpoint") checkpoints += 1;
    if (verb === "leases.release" && result === true) parked = (args[1] as Release).type === "park";
    if (verb === "awaits.register" && result === null) return;
    for (const label of labels) see(label);
  }

  function see(label: string | undefined): void {
    if (label !== undefined) seam.see(label);
  }

  /** A claim that found nothing took nothing: it has no lost response. */
  function happened(verb: string, result: unknown): boolean {
    return verb !== "leases.claim" || (result as readonly SessionClaim[]).length > 0;
  }

  function wrapped<Port extends object>(port: Port, name: string): Port {
    return new Proxy(port, {
      get(target, key) {
        const verb = Reflect.get(target, key) as unknown;
        if (typeof verb !== "function" || String(key).startsWith("on")) return verb;
        const full = `${name}.${String(key)}`;
        return async (...args: unknown[]) => {
          seam.fault.alive();
          const labels = labelsOf(full, args);
          const call = () => verb.apply(target, args) as Promise<unknown>;
          for (const label of labels) seam.pass(label, "before");
          if (DURABLE.has(full)) {
            const inside = labels.map((label) => seam.inside(label)).find((point) => point !== undefined);
            if (inside !== undefined) return seam.fault.inside(inside, full, call);
          }
          const result = await call();
          if (DURABLE.has(full) && happened(full, result)) {
            for (const label of labels) seam.pass(label, "after");
          }
          seam.fault.alive();
          learn(full, args, labels, result);
          return result;
        };
      },
    });
  }

  return {
    ...inner,
    sessions: wrapped(inner.sessions, "sessions"),
    log: wrapped(inner.log, "log"),
    inbox: wrapped(inner.inbox, "inbox"),
    leases: wrapped(inner.leases, "leases"),
    awaits: wrapped(inner.awaits, "awaits"),
    attachments: wrapped(inner.attachments, "attachments"),
  };
}
