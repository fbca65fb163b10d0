import type { InputId, TurnId } from "@pawl/core";
import type { Delivery } from "@pawl/core/ports";
import type { BegunTurn } from "../begun-turns.ts";
import type { Row } from "../connection/database.ts";
import { nullableText, numberColumn } from "./column.ts";

/** What `begin_turn` answers beside its verdict. @throws PawlError `store_corrupt_row` */
export function begunTurnOfRow(row: Row, turnId: TurnId, sessionId: string): BegunTurn {
  const where = `Session "${sessionId}"`;
  return {
    turnId,
    revision: numberColumn(row, "revision", where),
    messageCount: numberColumn(row, "message_count", where),
    receiptCount: numberColumn(row, "receipt_count", where),
    lastDigest: nullableText(row, "last_digest", where),
    inputs: ((row.inputs ?? []) as Row[]).map((input) => ({
      inputId: input.input_id as InputId,
      state: "staged",
      digest: input.digest as string,
      delivery: input.delivery as Delivery,
    })),
  };
}
