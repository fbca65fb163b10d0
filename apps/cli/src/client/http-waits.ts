import { answeredSchema, linkSchema, waitsSchema } from "@pawl/http";
import { type HttpRequest, readAnswer } from "./http-call.ts";
import type { WaitsClient } from "./waits.ts";

export function httpWaits(call: (request: HttpRequest) => Promise<Response>): WaitsClient {
  return {
    async list({ sessionId, limit }) {
      const session = sessionId === undefined ? "" : `&session=${encodeURIComponent(sessionId)}`;
      const response = await call({ method: "GET", path: `v1/waits?limit=${limit}${session}` });
      return (await readAnswer(response, waitsSchema)).waits;
    },
    async answer(id, body) {
      const path = `v1/waits/${encodeURIComponent(id)}`;
      return readAnswer(await call({ method: "POST", path, body }), answeredSchema);
    },
    async link(id, body) {
      const path = `v1/waits/${encodeURIComponent(id)}/link`;
      return readAnswer(await call({ method: "POST", path, body }), linkSchema);
    },
  };
}
