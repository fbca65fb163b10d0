import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { boundBody } from "../src/connections/bounded-body.ts";
import { createLineSplitter } from "../src/connections/line-splitter.ts";

/** The bytes of `text` in chunks that end at the given places. */
function chunksOf(text: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  return [...ends, bytes.length].map((end) => {
    const chunk = bytes.subarray(from, end);
    from = end;
    return chunk;
  });
}

describe("lines", () => {
  test("however the bytes arrive, the lines are the same", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.nat()), (lines, cuts) => {
        const expected = lines.map((line) => line.replaceAll("\n", ""));
        const splitter = createLineSplitter(1_000_000);
        const text = expected.map((line) => `${line}\n`).join("");
        expect(chunksOf(text, cuts).flatMap((chunk) => splitter.push(chunk) ?? [])).toEqual(expected);
      }),
    );
  });

  test("a line is refused when it is longer than the bound, ended or not", () => {
    expect(createLineSplitter(3).push(Buffer.from("abcd\n"))).toBeUndefined();
    expect(createLineSplitter(3).push(Buffer.from("abcd"))).toBeUndefined();
    const splitter = createLineSplitter(3);
    expect(splitter.push(Buffer.from("abc\nab"))).toEqual(["abc"]);
    expect(splitter.push(Buffer.from("cd"))).toBeUndefined();
  });
});

describe("bodies", () => {
  const tooLarge = () => new Error("too large");
  function bound(chunks: readonly Uint8Array[], type: string, max: number) {
    const ended = vi.fn();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    });
    const response = new Response(body, { headers: { "content-type": type } });
    return { ended, bounded: boundBody(response, max, { tooLarge, ended }) };
  }

  test("what is within the bound passes unchanged, and its end is told", async () => {
    const { bounded, ended } = bound([Buffer.from('{"a":'), Buffer.from("1}")], "application/json", 7);
    expect(await bounded.json()).toEqual({ a: 1 });
    expect(ended.mock.calls).toEqual([[undefined]]);
  });

  test("a body larger than the bound ends with the error", async () => {
    const { bounded, ended } = bound([Buffer.from("12345"), Buffer.from("678")], "application/json", 7);
    await expect(bounded.text()).rejects.toThrow("too large");
    expect(ended).toHaveBeenCalledTimes(1);
  });

  test("of an event stream each event is measured, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat()),
        fc.constantFrom("\n", "\r\n"),
        async (sizes, cuts, newline) => {
          const events = sizes.map((size) => `data: ${"x".repeat(size)}${newline}${newline}`);
          const largest = Math.max(...events.map(({ length }) => length));
          const chunks = chunksOf(events.join(""), cuts);
          const fits = bound(chunks, "text/event-stream; charset=utf-8", largest);
          expect(await fits.bounded.text()).toBe(events.join(""));
          const exceeds = bound(chunks, "text/event-stream", largest - 1);
          await expect(exceeds.bounded.text()).rejects.toThrow("too large");
        },
      ),
    );
  });
});
