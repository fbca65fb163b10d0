import { effectsSchema, replaySchema, sessionsSchema, turnsSchema, verificationSchema } from "@pawl/http";
import { z } from "zod";
import { decodeTurnRecord } from "../record/decode-turn-record.ts";
import { type HttpRequest, readAnswer } from "./http-call.ts";
import type { Reads } from "./reads.ts";

export function httpReads(call: (request: HttpRequest) => Promise<Response>): Reads {
  const get = async <Schema extends z.ZodType>(path: string, schema: Schema) =>
    readAnswer(await call({ method: "GET", path }), schema);
  const session = (id: string) => `v1/sessions/${encodeURIComponent(id)}`;
  const turn = (id: string) => `v1/turns/${encodeURIComponent(id)}`;
  return {
    sessions: async (limit) => (await get(`v1/sessions?limit=${limit}`, sessionsSchema)).sessions,
    turns: async (id, limit) => (await get(`${session(id)}/turns?limit=${limit}`, turnsSchema)).turns,
    effects: async (id) => (await get(`${turn(id)}/effects`, effectsSchema)).effects,
    record: async (id, { redact }) =>
      decodeTurnRecord(await get(`${turn(id)}/record${redact ? "?redact=1" : ""}`, z.json())),
    replay: (id) => get(`${turn(id)}/replay`, replaySchema),
    verify(id, anchor) {
      const query = anchor === undefined ? "" : `?anchor=${encodeURIComponent(anchor)}`;
      return get(`${session(id)}/verification${query}`, verificationSchema);
    },
  };
}
