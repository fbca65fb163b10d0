/** The feature flags of 1.1, in the order of the specification. */
export const FEATURES = [
  "heartbeat",
  "ack",
  "list_jobs",
  "subscribe",
  "lease_expires_at",
  "cost.budget",
  "model.use",
  "provisioned_credentials",
  "progress",
  "result_chunk",
  "agent_versions",
] as const;

export type Feature = (typeof FEATURES)[number];

export type FeatureSet = ReadonlySet<Feature>;

/** What a runtime may advertise: the two that need an upstream only when something can issue and revoke there. */
export function advertisedFeatures(options: {
  canProvision: boolean;
  without?: readonly Feature[];
}): Feature[] {
  return FEATURES.filter((feature) => {
    if (options.without?.includes(feature)) return false;
    if (feature === "model.use" || feature === "provisioned_credentials") return options.canProvision;
    return true;
  });
}

/** The effective set: what both sides named. Unknown flags of a peer are ignored. */
export function negotiate(ours: readonly Feature[], theirs: readonly string[] | undefined): Feature[] {
  const offered = new Set(theirs ?? []);
  return ours.filter((feature) => offered.has(feature));
}
