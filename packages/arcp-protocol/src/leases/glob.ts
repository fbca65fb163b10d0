/**
 * Globs of section 9.2: `*` is anything within a `/` segment, `**` anything at all, `/**` at the end also nothing,
 * `/**\/` in the middle also a single slash; everything else is literal; both ends are anchored.
 *
 * A glob is compiled to a small non-deterministic automaton and all its states are walked at once (Thompson),
 * so that no pattern that a client sends can make matching slower than pattern × target.
 */
export interface Glob {
  readonly pattern: string;
  /** One instruction a state; the state after the last is the accepting one. */
  readonly program: readonly Instruction[];
}

export type Instruction =
  | { op: "char"; char: string }
  /** Stays on any character but `/`, or moves on without reading. */
  | { op: "segment" }
  /** Stays on any character, or moves on without reading. */
  | { op: "anything" }
  /** Moves on, or jumps, without reading. */
  | { op: "split"; to: number };

export function compileGlob(pattern: string): Glob {
  const program: Instruction[] = [];
  let at = 0;
  while (at < pattern.length) {
    if (pattern.startsWith("/**/", at)) {
      program.push({ op: "char", char: "/" }, { op: "split", to: program.length + 4 });
      program.push({ op: "anything" }, { op: "char", char: "/" });
      at += 4;
    } else if (pattern.startsWith("/**", at) && at + 3 === pattern.length) {
      program.push({ op: "split", to: program.length + 3 }, { op: "char", char: "/" }, { op: "anything" });
      at += 3;
    } else if (pattern.startsWith("**", at)) {
      program.push({ op: "anything" });
      at += 2;
      while (pattern[at] === "*") at++;
    } else if (pattern[at] === "*") {
      program.push({ op: "segment" });
      at += 1;
    } else {
      program.push({ op: "char", char: pattern[at] as string });
      at += 1;
    }
  }
  return { pattern, program };
}

export function matchesGlob(glob: Glob, target: string): boolean {
  let states = closure(glob, [0]);
  for (let at = 0; at < target.length && states.length > 0; at++) {
    states = advance(glob, states, target[at] as string);
  }
  return accepts(glob, states);
}

/** All states that can be reached from these without reading, sorted. */
export function closure(glob: Glob, from: readonly number[]): number[] {
  const reached = new Set<number>();
  const open = [...from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (reached.has(state)) continue;
    reached.add(state);
    const instruction = glob.program[state];
    if (instruction === undefined || instruction.op === "char") continue;
    open.push(state + 1);
    if (instruction.op === "split") open.push(instruction.to);
  }
  return [...reached].sort((a, b) => a - b);
}

/** The states after reading one character (or `undefined` for a character that no pattern names). */
export function advance(glob: Glob, states: readonly number[], char: string | undefined): number[] {
  const next: number[] = [];
  for (const state of states) {
    const instruction = glob.program[state];
    if (instruction === undefined) continue;
    if (instruction.op === "char" && instruction.char === char) next.push(state + 1);
    else if (instruction.op === "anything") next.push(state);
    else if (instruction.op === "segment" && char !== "/") next.push(state);
  }
  return closure(glob, next);
}

export function accepts(glob: Glob, states: readonly number[]): boolean {
  return states.includes(glob.program.length);
}
