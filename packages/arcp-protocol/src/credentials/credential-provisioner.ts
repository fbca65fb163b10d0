import type { Credential, Lease } from "../messages/lease.ts";

/** What a credential is for. It must not be able to do more than this lease says. */
export interface CredentialRequest {
  jobId: string;
  /** The submitter. */
  principal: string;
  agent: string;
  lease: Lease;
  /** The budget as `currency:decimal` amounts: the spend caps. */
  budget: string[];
  /** ISO 8601 in UTC. */
  expiresAt?: string;
  parentJobId?: string;
}

/**
 * Issues and revokes scoped credentials at an upstream (section 9.8). Handing one in promises that revocation
 * works; only then does the runtime advertise `provisioned_credentials` and `model.use`.
 */
export interface CredentialProvisioner {
  /** Fresh credentials, never used for another job before. A failure refuses the job. */
  issue(request: CredentialRequest): Promise<Credential[]>;
  /** Ends a credential. Called again until it succeeds; revoking what is already revoked must succeed. */
  revoke(credentialId: string): Promise<void>;
  /** Gives a credential with the same id a new value and ends the old one. Absent: no rotation. */
  rotate?(credentialId: string, request: CredentialRequest): Promise<Credential>;
}

/** A credential that may still be alive upstream. Contains no secret. */
export interface OutstandingCredential {
  credentialId: string;
  jobId: string;
  /** Milliseconds since the epoch. */
  issuedAt: number;
}
