import { deadLetterSettledSchema, deadLettersSchema } from "@pawl/http";
import type { DeadLettersClient } from "./dead-letters.ts";
import { type HttpRequest, readAnswer } from "./http-call.ts";

export function httpDeadLetters(call: (request: HttpRequest) => Promise<Response>): DeadLettersClient {
  return {
    async list({ session, limit }) {
      const of = session === undefined ? "" : `&session=${encodeURIComponent(session)}`;
      const response = await call({ method: "GET", path: `v1/dead-letters?limit=${limit}${of}` });
      return (await readAnswer(response, deadLettersSchema)).dead_letters;
    },
    async settle(id, verb) {
      const path = `v1/dead-letters/${encodeURIComponent(id)}/${verb}`;
      await readAnswer(await call({ method: "POST", path }), deadLetterSettledSchema);
    },
  };
}
