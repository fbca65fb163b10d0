// app/pawl/[...path]/route.ts of a Next.js application exports these two; here they are made for each test.
import type { Shop } from "../shop.ts";

type RouteHandler = (request: Request) => Promise<Response>;

export function openNextRoute(shop: Shop): { readonly GET: RouteHandler; readonly POST: RouteHandler } {
  const handle = shop.serve({ basePath: "/pawl" });
  return { GET: handle, POST: handle };
}
