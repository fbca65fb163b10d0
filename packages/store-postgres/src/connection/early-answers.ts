// Answers to what turns wait for are told of before they are on the disk (ADR 35). A turn that has read one writes nothing that a crash of the
// database could part from it.
//
// EA1  What the holder of a session writes after it has read an early answer is written only where that answer is.
// EA2  Once such a write, or a look that waited for the disk, has found the answer there, it is durable: the write-ahead log is one sequence.
// EA3  Who gave it is told after the same. An answer that was lost is given anew by him, or by somebody else: so it is known by the token of
//      its resolver, not by its key alone.
import type { PawlError } from "@pawl/core";
import { conflict } from "../errors.ts";
import { settleAnswers } from "../statements/settle-answers.ts";
import type { Database, Row } from "./database.ts";

export interface EarlyAnswer {
  readonly keyId: string;
  /** Of who resolved it. */
  readonly token: string;
}

const NONE: readonly EarlyAnswer[] = [];

/** What turns of this process have read that may not be on the disk, by session. */
export class EarlyAnswers {
  readonly #bySession = new Map<string, readonly EarlyAnswer[]>();

  read(sessionId: string, answer: EarlyAnswer): void {
    const others = this.of(sessionId).filter(({ token }) => token !== answer.token);
    this.#bySession.set(sessionId, [...others, answer]);
  }

  of(sessionId: string): readonly EarlyAnswer[] {
    return this.#bySession.get(sessionId) ?? NONE;
  }

  /** They are durable; what was read meanwhile may not be. */
  settled(sessionId: string, answers: readonly EarlyAnswer[]): void {
    const left = this.of(sessionId).filter((answer) => !answers.includes(answer));
    if (left.length === 0) this.#bySession.delete(sessionId);
    else this.#bySession.set(sessionId, left);
  }

  /** The holder has left: whoever comes reads them again. */
  forget(sessionId: string): void {
    this.#bySession.delete(sessionId);
  }
}

/** Waits until those of the answers that are there are durable. @returns these; `run` runs `settle-answers.ts` */
export async function findSettled(
  answers: readonly EarlyAnswer[],
  run: (values: unknown[]) => Promise<readonly Row[]>,
): Promise<readonly EarlyAnswer[]> {
  const rows = await run([answers.map(({ keyId }) => keyId), answers.map(({ token }) => token)]);
  const found = new Set(rows.map((row) => `${row.key_id} ${row.resolve_token}`));
  return answers.filter(({ keyId, token }) => found.has(`${keyId} ${token}`));
}

/** Whether all of the answers are there, and durable. Throws as `Database.write`. */
export async function areSettled(database: Database, answers: readonly EarlyAnswer[]): Promise<boolean> {
  const found = await findSettled(answers, (values) => database.write(settleAnswers, values));
  return found.length === answers.length;
}

/** Nothing was written, nor will be; whoever goes on with the turn waits for the answer again. */
export function answerLost(sessionId: string): PawlError {
  return conflict(
    `An answer that "${sessionId}" was going on with is gone: the database lost it in a crash before it had told whoever gave it. Wait for it again.`,
  );
}
