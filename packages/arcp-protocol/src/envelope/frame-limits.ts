/** What a frame may be at most. A frame beyond a limit is answered with INVALID_REQUEST, not obeyed. */
export interface FrameLimits {
  /** UTF-16 units of one text frame. */
  maxFrameLength: number;
  /** Nesting of arrays and objects, the envelope itself being 1. */
  maxDepth: number;
}

export const defaultFrameLimits: FrameLimits = {
  // A result chunk of 1 MiB in base64 is 1.4 MiB; three times that leaves room for escapes.
  maxFrameLength: 4 * 1024 * 1024,
  // Real inputs nest a dozen deep; a hundred keeps recursive readers of the payload far from their stack's end.
  maxDepth: 100,
};
