import { httpError } from "./errors.ts";
import type { Call } from "./route.ts";

/** For the documents of routes that only operators may use. */
export const NO_OPERATOR = { 403: { description: "The principal is no operator" } } as const;

/** What concerns everybody. @throws PawlError `forbidden`, with `why`, for anybody but an operator */
export function operatorOf({ operator }: Call, why: string): NonNullable<Call["operator"]> {
  if (operator !== undefined) return operator;
  throw httpError("forbidden", why);
}
