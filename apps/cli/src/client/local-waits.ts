import type { Host } from "@pawl/host";
import { linkOptionsOf, waitAnswerOf, wireAnswered, wireWait } from "@pawl/http";
import { cliError } from "../errors.ts";
import type { WaitsClient } from "./waits.ts";

export function localWaits({ waits }: Host): WaitsClient {
  return {
    link: (id, body) => waits.link(id, linkOptionsOf(body)),
    list: async (query) => (await waits.list(query)).map(wireWait),
    async answer(id, answer) {
      const outcome = await waits.answer(id, waitAnswerOf(answer), { by: "cli" });
      if (outcome.status !== "unknown_or_revoked") return wireAnswered(id, outcome);
      throw cliError(
        "wait_unknown",
        `There is no wait "${id}", or it was taken back. \`pawl waits list\` shows what waits.`,
      );
    },
  };
}
