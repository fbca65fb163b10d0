// Receipts of approvals
export {
  type ApprovalFacts,
  type ApprovalReceipt,
  checkApprovalReceipt,
  checkApprovalReceiptText,
  createReceiptKey,
  createReceiptSigner,
  type ReceiptFault,
  type ReceiptSigner,
} from "./approval-receipt.ts";
// What nobody can know yet
export { checkNotEarly } from "./check-not-early.ts";
// Arguments that a person changed
export { checkToolInput } from "./check-tool-input.ts";
