/** What is left of an id that was erased, as core's `tombstoneOf` says it. `id` is an expression. */
export function tombstone(what: "session" | "input" | "turn", id: string): string {
  return `encode(sha256(convert_to('${what}:' || ${id}, 'UTF8')), 'hex')`;
}
