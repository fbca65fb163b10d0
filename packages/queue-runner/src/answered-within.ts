import { PawlError } from "@pawl/core";
import type { Clock } from "@pawl/core/ports";
import { deadline } from "./deadline.ts";

/** Waits for an answer of the store for so long and no longer. @throws PawlError `answer_overdue`; what `answer` rejects with */
export async function answeredWithin<T>(
  clock: Clock,
  ms: number,
  answer: Promise<T>,
  what: string,
): Promise<T> {
  const { passed, cancel } = deadline(clock, clock.now() + ms);
  try {
    const first = await Promise.race([answer.then((value) => ({ value })), passed]);
    if (first !== "passed") return first.value;
    answer.catch(() => {});
    throw new PawlError("answer_overdue", `${what} did not answer within ${ms} ms.`, {
      blame: "infrastructure",
    });
  } finally {
    cancel();
  }
}
