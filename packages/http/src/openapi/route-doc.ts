import type { z } from "zod";

/** What a principal's token may be used for. `read` looks, `write` begins and ends turns, `approve` answers what they wait for. */
export type Scope = "read" | "write" | "approve";

/** One answer of a route that worked. */
export interface AnswerDoc {
  readonly description: string;
  /** Of its JSON; absent for an answer without a body, or a stream. */
  readonly schema?: z.ZodType;
  /** Server-sent events, whose `data` is of the schema. */
  readonly stream?: true;
}

/** What clients are told of a route, by the schemas that it checks with. */
export interface RouteDoc {
  /** One sentence, without a full stop. Also the name of the operation, in camel case, by `operation`. */
  readonly summary: string;
  readonly operation: string;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** The body is a file, as it is. */
  readonly file?: true;
  readonly answers: { readonly [status: number]: AnswerDoc };
}
