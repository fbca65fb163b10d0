// The shop at /pawl of an application that has other pages too, in three frameworks.
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, serve } from "@hono/node-server";
import express from "express";
import { Hono } from "hono";
import { openNextRoute } from "./next/route.ts";
import { openShop, type Shop } from "./shop.ts";

export interface Mounted {
  readonly shop: Shop;
  /** As a client of the application, with a path from its root. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

async function overSocket(shop: Shop, server: Server): Promise<Mounted> {
  if (!server.listening) await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    shop,
    fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
    async close() {
      server.closeAllConnections();
      server.close();
      await shop.host.stop({ drainMs: 50 });
    },
  };
}

const PUBLIC_URL = "http://shop.example/pawl";

/** Hono takes what it mounts at out of the path. */
async function inHono(): Promise<Mounted> {
  const shop = openShop(PUBLIC_URL);
  const app = new Hono();
  app.get("/", (context) => context.text("the shop"));
  app.mount("/pawl", shop.serve());
  return overSocket(shop, serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server);
}

/** Express speaks Node's requests, so an adapter stands between; a body parser before it would take the body away. */
async function inExpress(): Promise<Mounted> {
  const shop = openShop(PUBLIC_URL);
  const app = express();
  app.get("/", (_request, response) => void response.send("the shop"));
  app.use("/pawl", getRequestListener(shop.serve()));
  return overSocket(shop, app.listen(0, "127.0.0.1"));
}

/** Next.js calls the function that is exported under the name of the method, and leaves the path whole. */
async function inNext(): Promise<Mounted> {
  const shop = openShop(PUBLIC_URL);
  const route = openNextRoute(shop);
  return {
    shop,
    async fetch(path, init) {
      const request = new Request(`http://127.0.0.1${path}`, init);
      if (path === "/") return new Response("the shop");
      const handle = route[request.method as keyof typeof route];
      return handle === undefined ? new Response(null, { status: 405 }) : handle(request);
    },
    close: () => shop.host.stop({ drainMs: 50 }),
  };
}

export const FRAMEWORKS: readonly (readonly [string, () => Promise<Mounted>])[] = [
  ["Hono", inHono],
  ["Express", inExpress],
  ["a route of Next.js", inNext],
];
