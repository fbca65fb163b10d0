// Decoders of what stores keep. The one entry of this package that needs zod, of which what it uses is built in.
export type { Decode, DecodeVersioned } from "./decode.ts";
export {
  CONTENT_VERSION,
  decodeCancelEvidence,
  decodeInputContent,
  decodeLogBody,
  decodeLogRow,
  decodeMessage,
  decodeReceipt,
  decodeTurnConfig,
  decodeTurnOutcome,
  decodeUsage,
} from "./persisted.ts";
export { decodeProcessEventBody, decodeProcessRecord } from "./process-event.ts";
