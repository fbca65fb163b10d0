import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { readAllPages, type ToolPage } from "../src/index.ts";

type Page = ToolPage<{ readonly name: string }>;
const limits = { maxPages: 5, maxTools: 20, maxBytes: 10_000 };
const pageOf = (names: string[], more: Partial<Page> = {}): Page => ({
  tools: names.map((name) => ({ name })),
  ...more,
});
const reading = (pages: Page[]) => (cursor: string | undefined) =>
  Promise.resolve(pages[Number(cursor ?? 0)]!);

test("pages are joined in the order of the server", async () => {
  const pages = [pageOf(["a", "b"], { nextCursor: "1" }), pageOf(["c"], { nextCursor: "2" }), pageOf([])];
  const { tools } = await readAllPages(reading(pages), limits);
  expect(tools.map(({ name }) => name)).toEqual(["a", "b", "c"]);
});

describe("hints of several pages", () => {
  test.each<[string, Partial<Page>[], { ttlMs: number | undefined; cacheScope: string | undefined }]>([
    ["none", [{}, {}], { ttlMs: undefined, cacheScope: undefined }],
    ["the shortest life counts", [{ ttlMs: 500 }, { ttlMs: 100 }], { ttlMs: 100, cacheScope: undefined }],
    ["a page without a hint promised nothing", [{ ttlMs: 500 }, {}], { ttlMs: 0, cacheScope: undefined }],
    [
      "all public is public",
      [{ cacheScope: "public" }, { cacheScope: "public" }],
      { ttlMs: undefined, cacheScope: "public" },
    ],
    [
      "one private page makes all private",
      [{ cacheScope: "public" }, { cacheScope: "private" }],
      { ttlMs: undefined, cacheScope: "private" },
    ],
    [
      "a page that does not say is private",
      [{ cacheScope: "public" }, {}],
      { ttlMs: undefined, cacheScope: "private" },
    ],
  ])("%s", async (_, [first, second], expected) => {
    const pages = [pageOf(["a"], { ...first, nextCursor: "1" }), pageOf(["b"], second)];
    expect(await readAllPages(reading(pages), limits)).toMatchObject(expected);
  });
});

describe("bounds", () => {
  const endless = (cursor: string | undefined) => {
    const at = Number(cursor ?? 0);
    return Promise.resolve(pageOf([`t${at}`], { nextCursor: String(at + 1) }));
  };

  test("pages", async () => {
    const read = vi.fn(endless);
    await expect(readAllPages(read, limits)).rejects.toMatchObject({ code: "mcp_too_many_pages" });
    expect(read).toHaveBeenCalledTimes(limits.maxPages);
  });

  test("tools", async () => {
    await expect(readAllPages(endless, { ...limits, maxPages: 100 })).rejects.toMatchObject({
      code: "mcp_list_too_large",
    });
  });

  test("bytes, over all pages together", async () => {
    const big = (cursor: string | undefined) =>
      Promise.resolve(pageOf([`${cursor}${"x".repeat(4_000)}`], { nextCursor: `${cursor}.` }));
    await expect(readAllPages(big, limits)).rejects.toMatchObject({ code: "mcp_list_too_large" });
  });

  test("a list nested too deep to be walked by recursion is measured all the same", async () => {
    let deep: object = {};
    for (let i = 0; i < 100_000; i++) deep = { deep };
    const page = { tools: [{ name: "a", inputSchema: deep }] };
    await expect(readAllPages(() => Promise.resolve(page), limits)).rejects.toMatchObject({
      code: "mcp_list_too_large",
    });
  });
});

test("whatever cursors a server hands out, the reading ends and no tool is there twice", async () => {
  const server = fc.array(
    fc.record({
      name: fc.constantFrom("a", "b", "c"),
      next: fc.option(fc.nat({ max: 9 }), { nil: undefined }),
    }),
    {
      minLength: 10,
      maxLength: 10,
    },
  );
  await fc.assert(
    fc.asyncProperty(server, async (pages) => {
      const read = vi.fn((cursor: string | undefined) => {
        const { name, next } = pages[Number(cursor ?? 0)]!;
        return Promise.resolve(pageOf([name], next === undefined ? {} : { nextCursor: String(next) }));
      });
      const { tools, problems } = await readAllPages(read, { ...limits, maxPages: 50 });
      expect(read.mock.calls.length).toBeLessThanOrEqual(11);
      expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length);
      const cursors = read.mock.calls.map(([cursor]) => cursor);
      expect(new Set(cursors).size).toBe(cursors.length);
      expect(problems).toBeDefined();
    }),
  );
});

describe("a cursor that the server calls invalid", () => {
  const invalid = new Error("no such cursor");
  const isInvalid = (error: unknown) => error === invalid;

  test("starts the reading over, once", async () => {
    let refusals = 1;
    const read = vi.fn(async (cursor: string | undefined) => {
      if (cursor === "1" && refusals-- > 0) throw invalid;
      return cursor === undefined ? pageOf(["a"], { nextCursor: "1" }) : pageOf(["b"]);
    });
    expect((await readAllPages(read, limits, isInvalid)).tools).toHaveLength(2);
    expect(read.mock.calls.map(([cursor]) => cursor)).toEqual([undefined, "1", undefined, "1"]);
  });

  test("and fails with the server's own words when it happens again", async () => {
    const read = async (cursor: string | undefined) => {
      if (cursor !== undefined) throw invalid;
      return pageOf(["a"], { nextCursor: "1" });
    };
    await expect(readAllPages(read, limits, isInvalid)).rejects.toBe(invalid);
  });

  test("other failures are not repeated", async () => {
    const down = new Error("down");
    const read = vi.fn(async (cursor: string | undefined) => {
      if (cursor !== undefined) throw down;
      return pageOf(["a"], { nextCursor: "1" });
    });
    await expect(readAllPages(read, limits, isInvalid)).rejects.toBe(down);
    expect(read).toHaveBeenCalledTimes(2);
  });
});
