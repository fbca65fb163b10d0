// ARCP for servers that are composed otherwise

export { type ArcpEndpoint, type ArcpEndpointOptions, createArcpEndpoint } from "./arcp/arcp-endpoint.ts";
export { jobGrants } from "./arcp/job-grants.ts";
export {
  type DurablePersistence,
  type DurablePersistenceOptions,
  durablePersistence,
} from "./arcp/persistence/durable-persistence.ts";
