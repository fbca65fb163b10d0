// Pure rules that no caller needs and whose tables are tested case by case. Not in the package's exports.
export { backoffMs, jittered } from "./backoff.ts";
export { givenUpAs } from "./given-up.ts";
export { afterFailedRenewal, leaseEndsAt, renewalDueAt } from "./lease-policy.ts";
