import type {
  DecisionBody,
  LinkBody,
  WireApproval,
  WireDecidedApproval,
  WireLink,
  WireReceipt,
} from "@pawl/http";

/** Calls that need somebody's approval, on a server or in this process. */
export interface ApprovalsClient {
  /** Undecided ones, oldest first. */
  list(query: { readonly sessionId?: string; readonly limit: number }): Promise<readonly WireApproval[]>;
  show(id: string): Promise<WireApproval>;
  decide(id: string, body: DecisionBody): Promise<WireDecidedApproval>;
  link(id: string, body: LinkBody): Promise<WireLink>;
  receipt(id: string): Promise<WireReceipt>;
  /** Base64url. */
  publicKey(): Promise<string>;
}
