import { type Token, tokenize } from "./tokenize.ts";

export interface Argument {
  readonly key: string;
  readonly text: string;
  readonly quoted: boolean;
}

export interface PlannedCall {
  /** As it was written: a tool's name or the end of one. */
  readonly tool: string;
  readonly args: readonly Argument[];
}

/** What one answer of the model asks for: calls that run in parallel. */
export type Step = readonly PlannedCall[];

/** What a prompt is for the offline model. */
export type Prompt =
  | { readonly type: "program"; readonly steps: readonly Step[] }
  | { readonly type: "mistake"; readonly message: string }
  | { readonly type: "talk" };

/** Shown when a prompt begins like a call and is none. */
export const GRAMMAR =
  'call TOOL with key=value key="two words" [and call TOOL …] [then call TOOL with …]; `and` joins calls that run ' +
  "in parallel, `then` waits for the results before. Values with spaces go into quotes; numbers, true, false, " +
  "null, {…} and […] are read as JSON where the tool takes them.";

/**
 * Reads a prompt as a program of tool calls:
 *
 *     program  = step { "then" step }
 *     step     = call { "and" call }
 *     call     = "call" TOOL [ "with" argument { argument } ]
 *     argument = KEY "=" value
 *
 * After `and` and `then` the word `call` may be left out before `TOOL with`. Keywords may have any case and are
 * none inside of quotes. A prompt that does not begin with `call` is talk.
 */
export function parseProgram(prompt: string): Prompt {
  if (!/^\s*call(\s|$)/i.test(prompt)) return { type: "talk" };
  const read = tokenize(prompt);
  if (!read.ok) return { type: "mistake", message: read.mistake };
  const steps: Step[] = [];
  let step: PlannedCall[] = [];
  let at = 0;
  for (;;) {
    const call = callAt(read.tokens, at, steps.length + step.length > 0);
    if (typeof call === "string") return { type: "mistake", message: call };
    step.push(call.call);
    at = call.end;
    const joint = read.tokens[at];
    if (joint === undefined) return { type: "program", steps: [...steps, step] };
    if (isKeyword(joint, "then")) {
      steps.push(step);
      step = [];
    } else if (!isKeyword(joint, "and")) return { type: "mistake", message: unexpected(joint, call.call) };
    at++;
  }
}

function callAt(
  tokens: readonly Token[],
  start: number,
  mayOmitCall: boolean,
): { readonly call: PlannedCall; readonly end: number } | string {
  const hasCall = isKeyword(tokens[start], "call");
  const omitted = !hasCall && mayOmitCall && isKeyword(tokens[start + 1], "with");
  let at = hasCall ? start + 1 : start;
  if (!hasCall && !omitted) {
    const found = tokens[start] === undefined ? "nothing follows" : `I found ${show(tokens[start])}`;
    return `After \`and\` and \`then\` comes \`call TOOL\`, but ${found}.`;
  }
  const name = tokens[at];
  if (name?.type !== "word" || name.text === "") {
    return `After \`call\` comes the name of a tool, but ${name === undefined ? "nothing follows" : `I found ${show(name)}`}.`;
  }
  at++;
  const args: Argument[] = [];
  if (isKeyword(tokens[at], "with")) {
    at++;
    for (let token = tokens[at]; token?.type === "argument"; token = tokens[++at]) {
      const { key } = token;
      if (args.some((arg) => arg.key === key)) return `The argument ${key} of ${name.text} is given twice.`;
      args.push({ key, text: token.value, quoted: token.quoted });
    }
    if (args.length === 0) return `After \`call ${name.text} with\` comes at least one key=value.`;
  }
  return { call: { tool: name.text, args }, end: at };
}

function isKeyword(token: Token | undefined, keyword: string): boolean {
  return token?.type === "word" && !token.quoted && token.text.toLowerCase() === keyword;
}

function unexpected(token: Token, call: PlannedCall): string {
  const where = `after \`call ${call.tool}${call.args.length > 0 ? " with …" : ""}\``;
  if (token.type === "argument") {
    return `I did not expect ${show(token)} ${where}: arguments come after the word \`with\`.`;
  }
  return `I did not expect ${show(token)} ${where}: calls are joined by \`and\` or \`then\`, and values with spaces go into quotes.`;
}

function show(token: Token): string {
  return token.type === "word" ? `"${token.text}"` : `"${token.key}=${token.value}"`;
}
