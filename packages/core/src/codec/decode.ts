/**
 * Reads what an earlier or another node has stored. Members that this version does not know are kept as they are: a newer
 * node of the same version may have added them, and digests are over what was stored.
 *
 * @throws PawlError `decode_failed`; `details` are `{ shape, path, version? }`, with `path` as JSON Pointer
 */
export type Decode<T> = (value: unknown) => T;
export type DecodeVersioned<T> = (value: unknown, version?: number) => T;
