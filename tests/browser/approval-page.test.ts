// The page of an approval as somebody on a phone sees it who does not run scripts.
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { createHandler } from "@pawl/http";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { noBrowser, openBrowser } from "./chromium.ts";

const PHONE = { width: 360, height: 640 };
const NASTY = `<img src=x onerror="document.title='hacked'"> ${"a-long-word-without-an-end".repeat(12)}`;

describe.skipIf(noBrowser !== undefined)("the page of an approval, phone-sized and without scripts", () => {
  const performed: unknown[] = [];
  const refund = tool({
    description: "Refunds",
    input: z.object({ cents: z.number(), note: z.string() }),
    execute: (input) => {
      performed.push(input);
      return "ok";
    },
  });
  const call = { tools: [{ name: "refund", input: { cents: 8000, note: NASTY } }] };
  let host: ReturnType<typeof createHost>;
  let server: Server;
  let browser: Browser;
  let page: Page;
  const policyBroken: string[] = [];

  beforeAll(async () => {
    let handle = async (_: Request) => new Response(null, { status: 503 });
    server = createAdaptorServer({ fetch: (request) => handle(request) }) as Server;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    host = createHost({
      store: memoryStore(),
      model: scriptedModel([call, "done", call, "done"]),
      tools: { refund },
      approvals: { refund: () => true },
      publicUrl: `http://127.0.0.1:${port}`,
    });
    handle = createHandler(host, { authorize: () => null });
    browser = await openBrowser();
    const context = await browser.newContext({ viewport: PHONE, isMobile: true, javaScriptEnabled: false });
    page = await context.newPage();
    page.on("console", (message) => policyBroken.push(message.text()));
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    await host?.stop({ drainMs: 50 });
  });

  async function linkOf(session: string) {
    const turn = await host.session(session).send("Refund 80 EUR");
    const result = await turn.result();
    if (result.status !== "waiting") throw new Error(`The turn is ${result.status}.`);
    const { url } = await host.approvals.link(result.waits[0]?.id as string, { for: "boss@x.io" });
    return { url, turn };
  }

  it("shows what is to be decided within the width of the screen, and takes an approval", async () => {
    const { url, turn } = await linkOf("s1");
    await page.goto(url);
    expect(await page.textContent("body")).toContain("refund");
    expect(await page.textContent("body")).toContain("8000");
    expect(await page.title()).not.toBe("hacked");
    expect(await page.locator("img, script").count()).toBe(0);
    const button = page.getByRole("button", { name: /^approve/i }).first();
    const box = await button.boundingBox();
    expect(box?.x ?? -1).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 1_000)).toBeLessThanOrEqual(PHONE.width);
    // A thumb hits it.
    expect(box?.height ?? 0).toBeGreaterThanOrEqual(40);
    expect(performed).toEqual([]);
    await button.click();
    expect(await page.textContent("body")).toMatch(/approved/i);
    expect((await turn.result()).status).toBe("completed");
    expect(performed).toHaveLength(1);
    expect(policyBroken).toEqual([]);
  });

  it("takes a denial too", async () => {
    const { url, turn } = await linkOf("s2");
    await page.goto(url);
    await page.getByRole("button", { name: /^deny/i }).first().click();
    expect(await page.textContent("body")).toMatch(/denied/i);
    expect((await turn.result()).status).toBe("completed");
    expect(performed).toHaveLength(1);
  });
});
