import type { ModelRequest } from "../conversation/model.ts";
import type { ModelResult } from "../effects/outcome.ts";
import type { Attachments } from "./attachments.ts";

export interface ModelCallContext {
  readonly signal: AbortSignal;
  /** Text as it comes, in order. Display only: the transcript is what the answer says. */
  readonly onText: (text: string) => void;
  /** The bytes that a file of the request refers to; absent where nobody has them. */
  readonly readAttachment?: Attachments["get"];
}

/**
 * A language model. Failures of the provider are results, not exceptions; an abort is the failure with terminal
 * reason `cancelled`.
 */
export interface Model {
  /** How configuration names it, `provider/model`. */
  readonly id: string;
  call(request: ModelRequest, context: ModelCallContext): Promise<ModelResult>;
}
