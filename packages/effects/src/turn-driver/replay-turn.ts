import { canonicalJson, isPawlError, loadJsonDigest, type TurnOutcome, type TurnProtocol } from "@pawl/core";
import { type FoldedTurn, foldTurn } from "./fold-turn.ts";
import type { TurnRecord } from "./turn-record.ts";

export interface ReplayReport {
  /** The machine asked for the same effects in the same order and came to what was committed (D26). */
  readonly identical: boolean;
  /** Always 0: a replay performs nothing. */
  readonly performed: 0;
  readonly inputs: number;
  readonly effects: number;
  readonly outcome: TurnOutcome | null;
  /** What differs, in words and paths, never contents. */
  readonly differences: readonly string[];
}

/** Runs a recorded turn again, performs nothing and compares. Never throws for a record that does not replay: it reports. */
export async function replayTurn(record: TurnRecord, protocol: TurnProtocol): Promise<ReplayReport> {
  const inputs = record.rows.filter((row) => row.ordinal !== null);
  const counts = {
    performed: 0,
    inputs: inputs.length,
    effects: inputs.filter(
      ({ body }) => body.kind === "machine_input" && body.input.type === "effect_settled",
    ).length,
  } as const;
  let folded: FoldedTurn;
  try {
    folded = foldTurn({ config: record.config, protocol }, record.rows);
  } catch (thrown) {
    if (!isPawlError(thrown)) throw thrown;
    return { ...counts, identical: false, outcome: null, differences: [`${thrown.code}: ${thrown.message}`] };
  }
  const { phase } = folded.state;
  const outcome = phase.name === "finished" ? phase.outcome : null;
  const differences = await compare(record, folded, outcome);
  return { ...counts, identical: differences.length === 0, outcome, differences };
}

async function compare(
  record: TurnRecord,
  { state }: FoldedTurn,
  outcome: TurnOutcome | null,
): Promise<readonly string[]> {
  const { receipt } = record;
  if (receipt === null) return [];
  const differences: string[] = [];
  const sameIds = canonicalJson(state.consumed) === canonicalJson(receipt.inputIds);
  if (!sameIds) differences.push("the inputs that were consumed");
  // Of a redacted record contents cannot be compared; what the machine asked for was.
  if (record.redacted) {
    if (outcome?.status !== receipt.outcome?.status) differences.push("how the turn ended");
    return differences;
  }
  if (canonicalJson(outcome) !== canonicalJson(receipt.outcome)) differences.push("the outcome");
  const digest = await loadJsonDigest();
  if (receipt.deltaDigest !== null && digest(state.delta) !== receipt.deltaDigest)
    differences.push("the messages");
  return differences;
}
