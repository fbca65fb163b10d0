import type { Clock } from "../clock.ts";
import { ArcpError } from "../errors.ts";
import type { Credential } from "../messages/lease.ts";
import type { Awaitable } from "../persistence/awaitable.ts";
import type { CredentialStore } from "../persistence/persistence.ts";
import type { CredentialProvisioner, CredentialRequest } from "./credential-provisioner.ts";

export interface RevocationPolicy {
  /** Attempts in one life of the process. What is still alive then is tried again at the next start. */
  attempts: number;
  firstDelayMs: number;
  maxDelayMs: number;
}

export const defaultRevocationPolicy: RevocationPolicy = {
  attempts: 12,
  firstDelayMs: 500,
  maxDelayMs: 5 * 60_000,
};

export type CredentialAudit =
  | { type: "credential_revocation_failed"; credentialId: string; attempt: number; cause: unknown }
  | { type: "credential_unrevocable"; credentialId: string; attempts: number };

export interface CredentialKeeperOptions {
  provisioner: CredentialProvisioner;
  store: CredentialStore;
  clock: Clock;
  audit(event: CredentialAudit): void;
  policy?: RevocationPolicy;
}

/**
 * Issues credentials and sees to it that each one is revoked, also when the process dies in between: an id is
 * stored before its credential is shown to anybody and removed after the upstream has confirmed the revocation.
 */
export class CredentialKeeper {
  readonly #options: CredentialKeeperOptions;
  readonly #policy: RevocationPolicy;
  /** Values live in memory only, until the job is forgotten. */
  readonly #byJob = new Map<string, Credential[]>();
  readonly #retries = new Set<() => void>();
  readonly #revoking = new Set<string>();
  #closed = false;

  constructor(options: CredentialKeeperOptions) {
    this.#options = options;
    this.#policy = options.policy ?? defaultRevocationPolicy;
  }

  /** Credentials for one job. On any failure what was issued is revoked and INTERNAL_ERROR is thrown. */
  async issue(request: CredentialRequest): Promise<Credential[]> {
    let issued: Credential[] = [];
    try {
      issued = await this.#options.provisioner.issue(request);
      this.#refuseReuse(issued);
      const issuedAt = this.#options.clock.now();
      const { jobId } = request;
      await this.#options.store.add(issued.map(({ id }) => ({ credentialId: id, jobId, issuedAt })));
    } catch (cause) {
      for (const { id } of issued) void this.#revoke(id, 1);
      throw new ArcpError("INTERNAL_ERROR", "no credentials could be issued for the job; try again", {
        cause,
      });
    }
    this.#byJob.set(request.jobId, issued);
    return issued;
  }

  /** What was issued for a live job; undefined when none was, or another process issued it. */
  held(jobId: string): readonly Credential[] | undefined {
    return this.#byJob.get(jobId);
  }

  async rotate(credentialId: string, request: CredentialRequest): Promise<Credential> {
    const { provisioner, store, clock } = this.#options;
    const held = this.#byJob.get(request.jobId)?.find(({ id }) => id === credentialId);
    if (provisioner.rotate === undefined || held === undefined) {
      throw new ArcpError("INVALID_REQUEST", `credential ${credentialId} cannot be rotated here`);
    }
    const fresh = await provisioner.rotate(credentialId, request);
    this.#byJob.set(
      request.jobId,
      (this.#byJob.get(request.jobId) ?? []).map((one) => (one.id === credentialId ? fresh : one)),
    );
    if (fresh.id !== credentialId) {
      await store.add([{ credentialId: fresh.id, jobId: request.jobId, issuedAt: clock.now() }]);
      void this.#revoke(credentialId, 1);
    }
    return fresh;
  }

  /** The job has ended, or its parent has: nothing of it may stay alive. */
  revokeJob(jobId: string, credentialIds: readonly string[]): void {
    this.#byJob.delete(jobId);
    for (const id of credentialIds) void this.#revoke(id, 1);
  }

  /** After a start: revokes what belongs to jobs that have ended. Those of the others are left to whoever runs them. */
  async recover(isLive: (jobId: string) => Awaitable<boolean>): Promise<void> {
    for (const { credentialId, jobId } of await this.#options.store.list()) {
      if (!(await isLive(jobId))) void this.#revoke(credentialId, 1);
    }
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#retries) stop();
    this.#retries.clear();
  }

  async #revoke(credentialId: string, attempt: number): Promise<void> {
    if (attempt === 1 && this.#revoking.has(credentialId)) return;
    this.#revoking.add(credentialId);
    try {
      await this.#options.provisioner.revoke(credentialId);
      await this.#options.store.remove(credentialId);
      this.#revoking.delete(credentialId);
    } catch (cause) {
      this.#options.audit({ type: "credential_revocation_failed", credentialId, attempt, cause });
      this.#retry(credentialId, attempt);
    }
  }

  #retry(credentialId: string, attempt: number): void {
    const { attempts, firstDelayMs, maxDelayMs } = this.#policy;
    if (attempt >= attempts) {
      this.#revoking.delete(credentialId);
      this.#options.audit({ type: "credential_unrevocable", credentialId, attempts: attempt });
      return;
    }
    if (this.#closed) return;
    const delay = Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs);
    const stop = this.#options.clock.at(this.#options.clock.now() + delay, () => {
      this.#retries.delete(stop);
      void this.#revoke(credentialId, attempt + 1);
    });
    this.#retries.add(stop);
  }

  #refuseReuse(issued: readonly Credential[]): void {
    const values = new Set<string>();
    for (const held of this.#byJob.values()) for (const { value } of held) values.add(value);
    for (const { id, value } of issued) {
      if (values.has(value)) throw new Error(`the provisioner reused the value of another job for ${id}`);
      values.add(value);
    }
  }
}
