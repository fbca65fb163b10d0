import { ArcpError } from "../errors.ts";
import { StreamedResult } from "./result-writer.ts";

/**
 * The payload of a job's `job.result`, and its JSON.
 *
 * @param hasStreamed the agent has begun to stream its result, so that it has to return that
 * @throws ArcpError `INTERNAL_ERROR` when it returned another one, or something that is not JSON
 */
export function resultMessage(
  value: unknown,
  hasStreamed: boolean,
): { readonly payload: Record<string, unknown>; readonly text: string } {
  const isStreamed = value instanceof StreamedResult;
  if (!isStreamed && hasStreamed) {
    throw new ArcpError("INTERNAL_ERROR", "the agent began to stream its result and returned another one");
  }
  const result = isStreamed ? value.toPayload() : { result: value ?? null };
  const payload = { final_status: "success", ...result };
  try {
    return { payload, text: JSON.stringify(payload) };
  } catch (cause) {
    throw new ArcpError("INTERNAL_ERROR", "the agent's result is not JSON", { cause });
  }
}
