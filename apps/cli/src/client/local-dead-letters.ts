import type { Host } from "@pawl/host";
import { wireDeadLetter } from "@pawl/http";
import type { DeadLettersClient } from "./dead-letters.ts";

export function localDeadLetters({ deadLetters }: Host): DeadLettersClient {
  return {
    list: async (query) => (await deadLetters.list(query)).map(wireDeadLetter),
    settle: (id, verb) => deadLetters[verb](id),
  };
}
