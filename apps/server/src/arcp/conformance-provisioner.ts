import { randomBytes, randomUUID } from "node:crypto";
import type { CredentialProvisioner } from "@pawl/arcp-protocol";

/**
 * Credentials for servers that are started for conformance work: bearer tokens that open nothing, issued to jobs whose
 * lease names `model.use`. The upstream is this process, so revoking one always succeeds, also twice.
 */
export function conformanceProvisioner(): CredentialProvisioner {
  return {
    async issue({ lease, budget, expiresAt }) {
      const models = lease["model.use"];
      if (models === undefined) return [];
      return [
        {
          id: `cred_${randomUUID().replaceAll("-", "")}`,
          scheme: "bearer",
          value: randomBytes(24).toString("base64url"),
          endpoint: "https://gateway.invalid/v1",
          profile: "generic",
          constraints: {
            "model.use": models,
            ...(budget.length > 0 && { "cost.budget": budget }),
            ...(expiresAt !== undefined && { expires_at: expiresAt }),
          },
        },
      ];
    },
    revoke: async () => undefined,
  };
}
