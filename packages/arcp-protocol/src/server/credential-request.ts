import type { CredentialRequest } from "../credentials/credential-provisioner.ts";
import type { JobRecord } from "../persistence/job-store.ts";

/** What a credential for this job may do at most: its lease, what is left of its budget, its expiry. */
export function credentialRequest(record: JobRecord): CredentialRequest {
  return {
    jobId: record.jobId,
    principal: record.principal,
    agent: record.agent,
    lease: record.lease,
    budget: record.budget ?? [],
    ...(record.leaseConstraints?.expires_at === undefined
      ? {}
      : { expiresAt: record.leaseConstraints.expires_at }),
    ...(record.parentJobId === undefined ? {} : { parentJobId: record.parentJobId }),
  };
}
