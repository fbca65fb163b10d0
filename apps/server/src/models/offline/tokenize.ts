/** A piece of a prompt as the offline model reads it. Quoted text is never a keyword and is never read as JSON by itself. */
export type Token =
  | { readonly type: "word"; readonly text: string; readonly quoted: boolean }
  | { readonly type: "argument"; readonly key: string; readonly value: string; readonly quoted: boolean };

export type Tokens =
  | { readonly ok: true; readonly tokens: readonly Token[] }
  | { readonly ok: false; readonly mistake: string };

interface Piece {
  readonly text: string;
  readonly quoted: boolean;
  readonly end: number;
}

const SPACE = /\s/;
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  '"': '"',
  "'": "'",
  "\\": "\\",
};

/**
 * Splits a prompt at white space into words and `key=value` arguments.
 *
 * A value is bare (up to white space), quoted with `"` or `'` (escapes `\" \' \\ \n \r \t \uXXXX`; any other
 * backslash stands for itself, so that `"C:\dir"` survives), or a JSON object or array, which may contain white
 * space. A comma after a bare word separates, unless it is the last character of the prompt.
 */
export function tokenize(prompt: string): Tokens {
  const tokens: Token[] = [];
  let at = 0;
  while (at < prompt.length) {
    if (SPACE.test(prompt[at]!) || prompt[at] === ",") {
      at++;
      continue;
    }
    const key = keyAt(prompt, at);
    const piece = pieceAt(prompt, key === undefined ? at : at + key.length + 1);
    if (typeof piece === "string") return { ok: false, mistake: piece };
    const { text, quoted } = piece;
    tokens.push(
      key === undefined ? { type: "word", text, quoted } : { type: "argument", key, value: text, quoted },
    );
    at = piece.end;
  }
  return { ok: true, tokens };
}

/** The key, when `key=` stands here. */
function keyAt(prompt: string, at: number): string | undefined {
  for (let end = at; end < prompt.length; end++) {
    const char = prompt[end]!;
    if (char === "=") return end === at ? undefined : prompt.slice(at, end);
    if (SPACE.test(char) || char === '"' || char === "'") return undefined;
  }
  return undefined;
}

function pieceAt(prompt: string, at: number): Piece | string {
  const first = prompt[at];
  if (first === '"' || first === "'") return quotedAt(prompt, at, first);
  if (first === "{" || first === "[") {
    const end = bracketsEnd(prompt, at);
    if (end !== undefined && ends(prompt, end)) {
      return { text: prompt.slice(at, end), quoted: false, end };
    }
  }
  return bareAt(prompt, at);
}

function bareAt(prompt: string, at: number): Piece {
  let end = at;
  while (end < prompt.length && !SPACE.test(prompt[end]!)) end++;
  const separated = prompt[end - 1] === "," && end > at && prompt.slice(end).trim() !== "";
  return { text: prompt.slice(at, separated ? end - 1 : end), quoted: false, end };
}

function quotedAt(prompt: string, at: number, quote: string): Piece | string {
  let text = "";
  for (let i = at + 1; i < prompt.length; i++) {
    const char = prompt[i]!;
    if (char === quote) {
      if (ends(prompt, i + 1)) return { text, quoted: true, end: i + 1 };
      return `There is text right after the closing quote of ${prompt.slice(at, i + 1)}; put a space in between, or write \\${quote} for a quote inside of quotes.`;
    }
    if (char !== "\\") {
      text += char;
      continue;
    }
    const escaped = escapeAt(prompt, i);
    text += escaped.text;
    i = escaped.last;
  }
  return `The quote that opens at ${prompt.slice(at, at + 20)} is never closed.`;
}

function escapeAt(prompt: string, at: number): { readonly text: string; readonly last: number } {
  const next = prompt[at + 1];
  const hex = prompt.slice(at + 2, at + 6);
  if (next === "u" && /^[0-9a-fA-F]{4}$/.test(hex)) {
    return { text: String.fromCharCode(Number.parseInt(hex, 16)), last: at + 5 };
  }
  const known = next === undefined ? undefined : ESCAPES[next];
  return known === undefined ? { text: "\\", last: at } : { text: known, last: at + 1 };
}

/** Where the bracket that opens here is closed again, strings skipped; undefined when it is not. */
function bracketsEnd(prompt: string, at: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let i = at; i < prompt.length; i++) {
    const char = prompt[i];
    if (inString) {
      if (char === "\\") i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) return i + 1;
  }
  return undefined;
}

/** Whether a token may end here. */
function ends(prompt: string, at: number): boolean {
  return at >= prompt.length || SPACE.test(prompt[at]!) || prompt[at] === ",";
}
