import { STORE_CHAPTERS } from "@pawl/testing/store-suite";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noBrowser, openBrowser } from "./chromium.ts";
import { hashWasm, ownPackage, type PageServer, servePages } from "./page-server.ts";
import { runPage } from "./run-page.ts";

describe.skipIf(noBrowser)("@pawl/store-memory in a browser", () => {
  let browser: Browser;
  let server: PageServer;
  beforeAll(async () => {
    server = await servePages([
      ownPackage("@pawl/core"),
      ownPackage("@pawl/store-memory"),
      ownPackage("@pawl/testing"),
      hashWasm("@pawl/core"),
    ]);
    browser = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test("passes the contract suite of stores", async () => {
    const { value, requests, complaints } = await runPage(browser, server, "store-memory.ts");
    const cases = STORE_CHAPTERS.flatMap((chapter) => chapter.cases);
    expect(value).toEqual({
      passed: cases.filter((one) => one.needs === undefined).length,
      failed: [],
      process: "undefined",
    });
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => /node:/.test(url) || !url.startsWith(server.url))).toEqual([]);
  }, 120_000);
});
