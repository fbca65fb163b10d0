import type { AnswerBody, LinkBody, WireAnswered, WireLink, WireWait } from "@pawl/http";

/** What is waited for, and how it is answered, on a server or in this process. */
export interface WaitsClient {
  /** Oldest first. */
  list(query: { readonly sessionId?: string; readonly limit: number }): Promise<readonly WireWait[]>;
  answer(id: string, answer: AnswerBody): Promise<WireAnswered>;
  link(id: string, body: LinkBody): Promise<WireLink>;
}
