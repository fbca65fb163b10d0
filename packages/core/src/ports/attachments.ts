/** Bytes that a message or a result refers to. */
export interface Attachment {
  /** `sha256:<lower-case hex>` of the bytes. */
  readonly ref: string;
  readonly bytes: number;
}

export interface StoredAttachment extends Attachment {
  readonly mediaType: string;
  /** The reader's own copy. */
  readonly content: Uint8Array;
}

/** What is too large for a log row. Addressed by content: the same bytes are stored once, and nothing is ever changed. */
export interface Attachments {
  /**
   * Resolves when the content is durable. Text is stored as UTF-8. The media type of the first writer stays.
   *
   * @throws PawlError `not_storable` (more than `MAX_ATTACHMENT_BYTES`, a media type that cannot be stored), `store_write_failed`
   */
  put(content: Uint8Array | string, mediaType: string): Promise<Attachment>;
  /** Null for what was never put here. */
  get(ref: string): Promise<StoredAttachment | null>;
}
