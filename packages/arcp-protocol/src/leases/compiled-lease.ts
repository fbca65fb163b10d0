import { parseAmount } from "../budgets/amount.ts";
import { ArcpError } from "../errors.ts";
import type { Lease } from "../messages/lease.ts";
import { canonicalPattern, canonicalTarget } from "./canonical-target.ts";
import { compileGlob, type Glob, matchesGlob } from "./glob.ts";
import { isGlobSubset } from "./glob-subset.ts";

export const LEASE_NAMESPACES = [
  "fs.read",
  "fs.write",
  "net.fetch",
  "tool.call",
  "agent.delegate",
  "cost.budget",
  "model.use",
] as const;

const vendorNamespace = /^x-vendor(?:\.[a-z0-9][a-z0-9_-]*)+$/;

export function isLeaseNamespace(name: string): boolean {
  return (LEASE_NAMESPACES as readonly string[]).includes(name) || vendorNamespace.test(name);
}

/** A lease whose grammar has been checked and whose patterns are ready to match. */
export class CompiledLease {
  readonly lease: Lease;
  readonly #globs = new Map<string, Glob[]>();

  private constructor(lease: Lease) {
    this.lease = lease;
  }

  /** Throws INVALID_REQUEST for an unknown namespace, a senseless pattern or a malformed amount. */
  static compile(lease: Lease): CompiledLease {
    const compiled = new CompiledLease(lease);
    for (const [namespace, patterns] of Object.entries(lease)) {
      if (!isLeaseNamespace(namespace)) {
        throw new ArcpError(
          "INVALID_REQUEST",
          `"${namespace}" is not a lease namespace; use one of ${LEASE_NAMESPACES.join(", ")} or x-vendor.…`,
        );
      }
      if (namespace === "cost.budget") {
        for (const amount of patterns) parseAmount(amount);
        continue;
      }
      compiled.#globs.set(
        namespace,
        patterns.map((pattern) => compilePattern(namespace, pattern)),
      );
    }
    return compiled;
  }

  /** Whether the lease names this target. Default deny: no pattern, no permission. */
  covers(namespace: string, target: string): boolean {
    const canonical = canonicalTarget(namespace, target);
    if (canonical === undefined) return false;
    return (this.#globs.get(namespace) ?? []).some((glob) => matchesGlob(glob, canonical));
  }

  /** The first grant of `child` that this lease does not cover, as `namespace:pattern`. Budgets are not looked at. */
  uncoveredGrant(child: CompiledLease): string | undefined {
    for (const [namespace, globs] of child.#globs) {
      const own = this.#globs.get(namespace) ?? [];
      for (const glob of globs) if (!isGlobSubset(glob, own)) return `${namespace}:${glob.pattern}`;
    }
    return undefined;
  }
}

function compilePattern(namespace: string, pattern: string): Glob {
  const canonical = canonicalPattern(namespace, pattern);
  if (canonical === undefined || canonical === "") {
    throw new ArcpError(
      "INVALID_REQUEST",
      `the ${namespace} pattern "${pattern.slice(0, 120)}" has no meaning`,
    );
  }
  return compileGlob(canonical);
}
