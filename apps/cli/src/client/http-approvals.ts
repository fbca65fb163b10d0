import {
  approvalSchema,
  approvalsSchema,
  decidedApprovalSchema,
  linkSchema,
  receiptKeySchema,
  receiptSchema,
} from "@pawl/http";
import type { ApprovalsClient } from "./approvals.ts";
import { type HttpRequest, readAnswer } from "./http-call.ts";

export function httpApprovals(call: (request: HttpRequest) => Promise<Response>): ApprovalsClient {
  const pathOf = (id: string) => `v1/approvals/${encodeURIComponent(id)}`;
  const get = (path: string) => call({ method: "GET", path });
  return {
    async list({ sessionId, limit }) {
      const session = sessionId === undefined ? "" : `&session=${encodeURIComponent(sessionId)}`;
      return (await readAnswer(await get(`v1/approvals?limit=${limit}${session}`), approvalsSchema))
        .approvals;
    },
    show: async (id) => readAnswer(await get(pathOf(id)), approvalSchema),
    async decide(id, body) {
      return readAnswer(await call({ method: "POST", path: pathOf(id), body }), decidedApprovalSchema);
    },
    async link(id, body) {
      return readAnswer(await call({ method: "POST", path: `${pathOf(id)}/link`, body }), linkSchema);
    },
    receipt: async (id) => readAnswer(await get(`${pathOf(id)}/receipt`), receiptSchema),
    publicKey: async () => (await readAnswer(await get("v1/receipt-key"), receiptKeySchema)).public_key,
  };
}
