import { PawlError } from "@pawl/core";

/** Somebody else owns what this writer believes to own (D1). Nothing was written. */
export function fenced(sessionOrNode: string): PawlError {
  return new PawlError(
    "store_fenced",
    `"${sessionOrNode}" is no longer held by this node: drop the work at once, whoever holds it now goes on with it.`,
    { blame: "infrastructure" },
  );
}

/** What was asked for contradicts what is stored. Nothing was written. */
export function conflict(message: string): PawlError {
  return new PawlError("store_conflict", message);
}

/** Its id is used up for ever. Nothing was written. */
export function sessionErased(sessionId: string): PawlError {
  return new PawlError(
    "session_not_accepting",
    `Session "${sessionId}" was erased, and ids are used only once: use another session.`,
  );
}

export function notStorable(what: string, problem: string): PawlError {
  return new PawlError("not_storable", `${what} cannot be stored: it contains ${problem}.`);
}

export function closed(): PawlError {
  return new PawlError("store_closed", "This store was closed: open it again, or use another one.");
}
