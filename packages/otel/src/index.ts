// Traces and metrics of a host
export { type OtelObserverOptions, otelObserver } from "./otel-observer.ts";
