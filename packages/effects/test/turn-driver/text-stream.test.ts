import { type LogBody, positionalEffectId, turnId } from "@pawl/core";
import { manualClock } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import type { RowDraft, SessionLane } from "../../src/turn-driver/session-lane.ts";
import { TextStream } from "../../src/turn-driver/text-stream.ts";

function under(shown?: number) {
  const clock = manualClock();
  const rows: LogBody[] = [];
  const lane = {
    append: async (drafts: readonly RowDraft[]) => void rows.push(...drafts.map(({ body }) => body)),
  } as unknown as SessionLane;
  const stream = new TextStream(lane, clock, turnId("t"), positionalEffectId(1, "model_call", 0), shown);
  const said = () => rows.map((row) => (row.kind === "text_delta" ? `${row.attempt}:${row.text}` : row.kind));
  return { clock, stream, rows, said };
}

describe("streamed text (D24)", () => {
  it("is written in batches, after a short while or when it is much", async () => {
    const { clock, stream, said } = under();
    stream.push("a");
    stream.push("b");
    await clock.advance(49);
    expect(said()).toEqual([]);
    await clock.advance(1);
    expect(said()).toEqual(["0:ab"]);
    stream.push("x".repeat(2_000));
    expect(said()).toHaveLength(2);
    expect(clock.pending).toEqual([]);
  });

  it("keeps a pair of surrogates together that comes in two halves, and one that stands at the end", async () => {
    const { clock, stream, said } = under();
    stream.push("a\ud83d");
    await clock.advance(50);
    stream.push("\ude00b😀");
    await clock.advance(50);
    expect(said()).toEqual(["0:a", "0:😀b😀"]);
  });

  it("keeps what stores cannot keep out of the log", async () => {
    const { stream, said } = under();
    stream.push("a\u0000\ude00b");
    stream.flush();
    expect(said()).toEqual(["0:a\ufffd\ufffdb"]);
  });

  it("is void when the call is tried again", async () => {
    const { clock, stream, said } = under();
    stream.push("ha");
    stream.flush();
    stream.push("lf");
    stream.reset();
    stream.push("all");
    await clock.advance(50);
    expect(said()).toEqual(["0:ha", "attempt_reset", "1:all"]);
  });

  it.each([0, 4])("is void after a take-over, if attempt %i showed any", async (attempt) => {
    const { stream, rows } = under(attempt);
    stream.push("new");
    stream.flush();
    expect(rows).toMatchObject([
      { kind: "attempt_reset", attempt: attempt + 1 },
      { kind: "text_delta", attempt: attempt + 1, text: "new" },
    ]);
  });

  it("ends with its effect: nothing is written later, and no timer stays", async () => {
    const { clock, stream, said } = under();
    stream.push("last words");
    stream.end();
    stream.push("more");
    stream.reset();
    stream.flush();
    await clock.advance(1_000);
    expect(said()).toEqual(["0:last words"]);
    expect(clock.pending).toEqual([]);
  });
});
