const REF = /sha256:[0-9a-f]{64}/g;

/** The attachments that stored JSON names, wherever in it. Also what only looks like a name: too much is kept, never too little. */
export function attachmentRefsIn(json: string): ReadonlySet<string> {
  return new Set(json.match(REF));
}
