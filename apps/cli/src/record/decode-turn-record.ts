import { BEHAVIOUR, isPawlError } from "@pawl/core";
import { decodeLogRow, decodeReceipt, decodeTurnConfig } from "@pawl/core/codec";
import type { TurnRecord } from "@pawl/effects/turn-driver";
import { z } from "zod";
import { cliError } from "../errors.ts";

const headSchema = z.looseObject({
  format: z.literal("pawl-turn"),
  version: z.number(),
  sessionId: z.string(),
  turnId: z.string(),
  config: z.unknown(),
  rows: z.array(z.unknown()).min(1),
  receipt: z.unknown(),
  redacted: z.boolean(),
});

/** What `pawl export` wrote, or a server answered. @throws PawlError `record_invalid` */
export function decodeTurnRecord(value: unknown): TurnRecord {
  const head = headSchema.safeParse(value);
  if (!head.success) {
    throw invalid("It is not the record of a turn. `pawl export <turn>` writes one.", head.error);
  }
  const { sessionId, turnId, redacted, version } = head.data;
  if (version !== 1)
    throw invalid(`It has version ${version} and this pawl reads version 1. Use a newer one.`);
  try {
    const record: TurnRecord = {
      format: "pawl-turn",
      version: 1,
      sessionId,
      turnId,
      config: decodeTurnConfig(head.data.config),
      rows: head.data.rows.map((row) => decodeLogRow(row)),
      receipt: head.data.receipt === null ? null : decodeReceipt(head.data.receipt),
      redacted,
    };
    checkReplayable(record);
    return record;
  } catch (error) {
    if (!isPawlError(error) || error.code !== "decode_failed") throw error;
    throw invalid(error.message, error);
  }
}

/** A record of another machine would replay as another turn: that is said, and is no difference. */
function checkReplayable({ config, rows }: TurnRecord): void {
  const first = rows[0]?.body;
  const behaviour = first?.kind === "machine_input" ? first.turn?.behaviour : undefined;
  if (behaviour !== undefined && behaviour !== BEHAVIOUR) {
    throw invalid(
      `It was recorded by ${behaviour} and this pawl replays ${BEHAVIOUR}. Use one that knows it.`,
    );
  }
  if (config.protocol !== "standard") {
    throw invalid(`Its turn thinks as "${config.protocol}", which this pawl does not know. Use a newer one.`);
  }
}

function invalid(message: string, cause?: unknown) {
  return cliError("record_invalid", message, cause);
}
