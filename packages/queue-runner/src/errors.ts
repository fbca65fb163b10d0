import { PawlError } from "@pawl/core";

export function nodeClosed(): PawlError {
  return new PawlError("node_closed", "This node was stopped, and for good: make another one to go on.");
}
