import { z } from "zod";

/** What an upload is answered with: the part of an input names the `ref`. */
export const attachedSchema = z.object({ ref: z.string(), media_type: z.string(), bytes: z.number() });

export type WireAttached = z.infer<typeof attachedSchema>;
