import type { Host } from "@pawl/host";
import { choiceOf, linkOptionsOf, receiptSchema, wireApproval, wireDecidedApproval } from "@pawl/http";
import type { ApprovalsClient } from "./approvals.ts";

const BY = { by: "cli" };

export function localApprovals({ approvals }: Host): ApprovalsClient {
  return {
    list: async (query) => (await approvals.list(query)).map(wireApproval),
    show: async (id) => wireApproval(await approvals.show(id)),
    async decide(id, body) {
      const choice = choiceOf(body);
      if (choice.decision === "approve") return wireDecidedApproval(await approvals.approve(id, BY));
      if (choice.decision === "edit") return wireDecidedApproval(await approvals.edit(id, choice.input, BY));
      const reason = choice.reason === undefined ? {} : { reason: choice.reason };
      return wireDecidedApproval(await approvals.deny(id, { ...BY, ...reason }));
    },
    link: (id, body) => approvals.link(id, linkOptionsOf(body)),
    receipt: async (id) => receiptSchema.parse(await approvals.receipt(id)),
    publicKey: () => approvals.publicKey(),
  };
}
