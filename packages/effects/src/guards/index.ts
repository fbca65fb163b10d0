export { type ApprovalOptions, type ApprovalPolicy, approvalGuard, argumentHash } from "./approval-guard.ts";
export { budgetGuard, type CostEstimate } from "./budget-guard.ts";
export { cancelGuard } from "./cancel-guard.ts";
export { deadlineGuard } from "./deadline-guard.ts";
export { grantGuard } from "./grant-guard.ts";
