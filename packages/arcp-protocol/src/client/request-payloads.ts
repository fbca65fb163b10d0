import type { JobFilter, SubmitRequest, SubscribeOptions } from "./connect-options.ts";

export interface JobPage {
  limit?: number;
  cursor?: string | null;
}

export function submitPayload(request: SubmitRequest, key: string | null) {
  return {
    agent: request.agent,
    input: request.input ?? null,
    ...(request.lease === undefined ? {} : { lease_request: request.lease }),
    ...(request.leaseConstraints === undefined ? {} : { lease_constraints: request.leaseConstraints }),
    ...(key === null ? {} : { idempotency_key: key }),
    ...(request.maxRuntimeSec === undefined ? {} : { max_runtime_sec: request.maxRuntimeSec }),
  };
}

export function subscribePayload(jobId: string, { history, fromEventSeq }: SubscribeOptions) {
  return {
    job_id: jobId,
    ...(history === undefined ? {} : { history }),
    ...(fromEventSeq === undefined ? {} : { from_event_seq: fromEventSeq }),
  };
}

export function listPayload({ status, agent, createdAfter, createdBefore }: JobFilter, page: JobPage) {
  return {
    filter: {
      ...(status === undefined ? {} : { status }),
      ...(agent === undefined ? {} : { agent }),
      ...(createdAfter === undefined ? {} : { created_after: instant(createdAfter) }),
      ...(createdBefore === undefined ? {} : { created_before: instant(createdBefore) }),
    },
    ...(page.limit === undefined ? {} : { limit: page.limit }),
    ...(page.cursor == null ? {} : { cursor: page.cursor }),
  };
}

function instant(value: Date | string): string {
  return typeof value === "string" ? value : value.toISOString();
}
