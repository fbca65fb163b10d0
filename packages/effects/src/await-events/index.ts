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
// Arguments that a person changed
export { checkToolInput } from "./check-tool-input.ts";
