import { ArcpError } from "@pawl/arcp-protocol";
import { isPawlError } from "@pawl/core";
import type { LimitKeeper } from "../limits/limit-keeper.ts";
import { ownerOfWireId } from "./wire-id.ts";

/** Whether a principal may submit one more job now. The operator always may, and is not asked about. @throws ArcpError `INTERNAL_ERROR`, the code that may be tried again */
export function admitSubmission(limits: LimitKeeper): (wireId: string) => Promise<void> | undefined {
  return (wireId) => {
    const owner = ownerOfWireId(wireId);
    if (owner === undefined) return undefined;
    const { principal: name, tenant } = owner;
    return limits.submit({ name, ...(tenant !== undefined && { tenant }) }).catch((thrown: unknown) => {
      if (!isPawlError(thrown)) throw thrown;
      const { code, message, details } = thrown;
      throw new ArcpError("INTERNAL_ERROR", message, {
        details: { reason: code, retry_after_ms: details.retryAfterMs },
        cause: thrown,
      });
    });
  };
}
