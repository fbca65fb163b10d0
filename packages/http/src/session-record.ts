import type { PawlError } from "@pawl/core";
import type { SessionRecord } from "@pawl/core/ports";
import type { Session } from "@pawl/host";
import { httpError } from "./errors.ts";

/** @throws PawlError `session_unknown` */
export async function recordOf(session: Session): Promise<SessionRecord> {
  const record = await session.record();
  if (record !== null) return record;
  throw sessionUnknown();
}

/** One answer for every session that is not there, whatever was asked of it. */
export function sessionUnknown(): PawlError {
  return httpError("session_unknown", "There is no such session. Check its id; its first input makes it.");
}
