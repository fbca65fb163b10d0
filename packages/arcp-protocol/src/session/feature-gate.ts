import { ArcpError } from "../errors.ts";
import type { Message } from "../messages/message.ts";
import type { Feature, FeatureSet } from "./features.ts";

/**
 * The feature that a request uses although it was not negotiated, or undefined. Section 6.2: neither peer may
 * use a feature outside of the intersection. The same rule guards both directions.
 */
export function unnegotiatedFeature(message: Message, features: FeatureSet): Feature | undefined {
  for (const feature of featuresUsed(message)) if (!features.has(feature)) return feature;
  return undefined;
}

export function featureRefusal(type: string, feature: Feature): ArcpError {
  return new ArcpError(
    "INVALID_REQUEST",
    `${type} uses the feature "${feature}", which this session has not negotiated; name it in session.hello`,
    { details: { feature } },
  );
}

function featuresUsed(message: Message): Feature[] {
  switch (message.type) {
    case "session.ack":
      return ["ack"];
    case "session.list_jobs":
      return ["list_jobs"];
    case "job.subscribe":
    case "job.unsubscribe":
      return ["subscribe"];
    case "job.submit": {
      const used: Feature[] = [];
      const { agent, lease_request, lease_constraints } = message.payload;
      if (agent.includes("@")) used.push("agent_versions");
      if (lease_constraints?.expires_at !== undefined) used.push("lease_expires_at");
      if (lease_request?.["cost.budget"] !== undefined) used.push("cost.budget");
      if (lease_request?.["model.use"] !== undefined) used.push("model.use");
      return used;
    }
    default:
      return [];
  }
}
