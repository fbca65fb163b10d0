import type { CancelEvidence, InputId, TurnId } from "@pawl/core";
import type { Delivery } from "@pawl/core/ports";
import type { CommitFacts } from "../commit-decision.ts";
import type { Row } from "../connection/database.ts";
import { nullableText, numberColumn } from "./column.ts";
import { decodedColumn } from "./decoded-column.ts";
import { decoders } from "./decoders.ts";
import { receiptOfRow } from "./session-row.ts";

export function commitFactsOfRow(row: Row, sessionId: string): CommitFacts {
  const where = `Session "${sessionId}"`;
  const exists = row.revision !== null;
  return {
    held: row.held === true,
    revision: exists ? numberColumn(row, "revision", where) : 0,
    messageCount: exists ? numberColumn(row, "message_count", where) : 0,
    receiptCount: exists ? numberColumn(row, "receipt_count", where) : 0,
    lastDigest: nullableText(row, "last_digest", where),
    openTurn: nullableText(row, "open_turn", where) as TurnId | null,
    logHead: exists ? numberColumn(row, "head", where) : 0,
    cancel:
      row.cancel === null
        ? null
        : decodedColumn<CancelEvidence>(row, "cancel", where, (cancel) =>
            decoders().decodeCancelEvidence(cancel),
          ),
    ended: row.ended === true,
    receipts: (row.receipts as unknown[]).map((receipt) => receiptOfRow({ ...row, receipt }, where)),
    inputs: (row.inputs as Row[]).map((input) => ({
      inputId: input.input_id as InputId,
      state: input.state as string,
      digest: input.digest as string,
      delivery: input.delivery as Delivery,
    })),
  };
}
