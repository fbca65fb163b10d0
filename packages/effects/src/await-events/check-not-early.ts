import type { Json, Resolution } from "@pawl/core";
import type { AwaitEventRecord } from "@pawl/core/ports";
import { answerEarly } from "../errors.ts";

/**
 * "No, it did not happen" is not known before the attempt can no longer happen, whatever anybody says (D12): from when on it is stands in
 * what is stored of the wait. Every way in which a "no" may come goes through here.
 *
 * @param now milliseconds since the epoch
 * @throws PawlError `wait_answer_early`
 */
export function checkNotEarly(
  { keyId, info, terminal }: Pick<AwaitEventRecord, "keyId" | "info" | "terminal">,
  resolution: Resolution,
  now: number,
): void {
  if (terminal !== null || !saysNo(resolution)) return;
  const { type, noAfter } = (info ?? {}) as { readonly type?: Json; readonly noAfter?: Json };
  if (type !== "did_it_happen" || typeof noAfter !== "number" || noAfter <= now) return;
  throw answerEarly(keyId, noAfter);
}

/** Nothing else is ever early, so nothing else has to be looked up. */
export function saysNo(resolution: Resolution): boolean {
  const payload = resolution.status === "ok" ? resolution.payload : undefined;
  return (
    typeof payload === "object" && payload !== null && "happened" in payload && payload.happened === false
  );
}
