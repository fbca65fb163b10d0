import { PawlError } from "../errors.ts";

/**
 * What owns an effect and bounds its life. A drive of a session's queue runs under `queue_drain`, erasing under
 * `session_delete`, host-wide work under `runtime_operation`. Ids are single-use.
 */
export type ExecutionScope =
  | { readonly type: "turn"; readonly sessionId: string; readonly turnId: string }
  | { readonly type: "process"; readonly processId: string }
  | { readonly type: "queue_drain"; readonly sessionId: string; readonly drainId: string }
  | { readonly type: "session_delete"; readonly sessionId: string }
  | { readonly type: "runtime_operation"; readonly operationId: string };

function stable(...ids: readonly string[]): void {
  if (ids.some((id) => typeof id !== "string" || id.trim() === "")) {
    throw new PawlError(
      "missing_execution_scope_id",
      "Execution scopes need non-empty stable ids: pass the ids of the session, turn, process or operation.",
    );
  }
}

/** Constructors of scopes. Each throws `missing_execution_scope_id` when an id is blank. */
export const executionScope = {
  turn(sessionId: string, turnId: string): ExecutionScope {
    stable(sessionId, turnId);
    return { type: "turn", sessionId, turnId };
  },
  process(processId: string): ExecutionScope {
    stable(processId);
    return { type: "process", processId };
  },
  queueDrain(sessionId: string, drainId: string): ExecutionScope {
    stable(sessionId, drainId);
    return { type: "queue_drain", sessionId, drainId };
  },
  sessionDelete(sessionId: string): ExecutionScope {
    stable(sessionId);
    return { type: "session_delete", sessionId };
  },
  runtimeOperation(operationId: string): ExecutionScope {
    stable(operationId);
    return { type: "runtime_operation", operationId };
  },
} as const;

/** The id that names the scope among scopes of its type. */
export function scopeId(scope: ExecutionScope): string {
  switch (scope.type) {
    case "turn":
      return scope.turnId;
    case "process":
      return scope.processId;
    case "queue_drain":
      return scope.drainId;
    case "session_delete":
      return scope.sessionId;
    case "runtime_operation":
      return scope.operationId;
  }
}

export function scopeSessionId(scope: ExecutionScope): string | undefined {
  return "sessionId" in scope ? scope.sessionId : undefined;
}

export function scopeTurnId(scope: ExecutionScope): string | undefined {
  return scope.type === "turn" ? scope.turnId : undefined;
}

/** Only in a turn must the turn id of a trace be the scope's own. */
export function validatesTurnTraceId(scope: ExecutionScope): boolean {
  return scope.type === "turn";
}
