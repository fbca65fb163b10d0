import fc from "fast-check";
import { expect, test } from "vitest";
import {
  canonicalJson,
  foldProcess,
  isProcessEnd,
  type ProcessEvent,
  type ProcessRecord,
  planProcessAppend,
  processId,
} from "../../src/index.ts";
import { disposition, eventBody, type OWNERS, registrationOf, writer } from "./arbitrary-events.ts";

/** Appends as a store does; what is refused leaves no trace. */
function play(
  kind: "rerunnable" | "owner_bound" | "external",
  asked: readonly (readonly [
    Parameters<typeof planProcessAppend>[2][number],
    (typeof OWNERS)[number] | null,
  ])[],
  each: (log: readonly ProcessEvent[], record: ProcessRecord) => void,
) {
  const log: ProcessEvent[] = [];
  let record: ProcessRecord | null = null;
  let at = 1_000;
  const first = [{ type: "registered" as const, registration: registrationOf(kind) }, null] as const;
  for (const [body, by] of [first, ...asked]) {
    at += 1;
    const plan = planProcessAppend(processId("p1"), record, [body], by, at);
    if (plan.type === "refuse") continue;
    if (plan.type === "append") log.push(...plan.events);
    record = plan.record;
    each(log, record);
  }
  return log;
}

const history = fc.array(fc.tuple(eventBody, writer), { maxLength: 40 });

test("the record is the fold of the log after every append", () => {
  fc.assert(
    fc.property(disposition, history, (kind, asked) => {
      play(kind, asked, (log, record) => {
        expect(canonicalJson(foldProcess(log))).toBe(canonicalJson(record));
      });
    }),
  );
});

test("seqs are dense, signals of a name are counted from 1, and nothing but grants comes after the end", () => {
  fc.assert(
    fc.property(disposition, history, (kind, asked) => {
      const log = play(kind, asked, () => {});
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
      for (const name of ["pause", "rate"]) {
        const ordinals = log.flatMap(({ body }) =>
          body.type === "signal" && body.name === name ? [body.ordinal] : [],
        );
        expect(ordinals).toEqual(ordinals.map((_, index) => index + 1));
      }
      const end = log.findIndex(({ body }) => isProcessEnd(body));
      const after = end < 0 ? [] : log.slice(end + 1).map(({ body }) => body.type);
      expect(after.filter((type) => !["grant_added", "grant_revoked", "transferred"].includes(type))).toEqual(
        [],
      );
    }),
  );
});

test("an owner-bound process is entered once at most, and abandoned only when its owner is gone or leaves it", () => {
  fc.assert(
    fc.property(history, (asked) => {
      const log = play("owner_bound", asked, () => {});
      expect(log.filter(({ body }) => body.type === "started").length).toBeLessThanOrEqual(1);
      const started = log.find(({ body }) => body.type === "started");
      for (const { body } of log) {
        if (body.type !== "abandoned") continue;
        expect(body.evidence.type).not.toBe("reported");
        expect("owner" in body.evidence && body.evidence.owner).toEqual(
          started?.body.type === "started" && started.body.owner,
        );
      }
    }),
  );
});

test("an external process is never entered by a node of ours", () => {
  fc.assert(
    fc.property(history, (asked) => {
      const log = play("external", asked, () => {});
      const ours = ["started", "left", "step_done"];
      expect(log.filter(({ body }) => ours.includes(body.type))).toEqual([]);
    }),
  );
});
