import { accepts, advance, closure, type Glob } from "./glob.ts";

/** Pairs of states that are looked at before giving up; honest patterns need a few hundred. */
const MAX_PAIRS = 20_000;

/**
 * Whether every string that `child` matches is matched by one of `parents` (together, not each alone).
 * Decided exactly, by walking both automata over an alphabet of the characters that the patterns name, the
 * slash, and one character that stands for all others. A pattern too tangled to decide counts as not contained.
 */
export function isGlobSubset(child: Glob, parents: readonly Glob[]): boolean {
  const alphabet = alphabetOf([child, ...parents]);
  const seen = new Set<string>();
  const open = [{ inner: closure(child, [0]), outer: parents.map((parent) => closure(parent, [0])) }];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const key = `${pair.inner.join()}|${pair.outer.map((states) => states.join()).join("|")}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (seen.size > MAX_PAIRS) return false;
    const { inner, outer } = pair;
    if (accepts(child, inner) && !parents.some((parent, at) => accepts(parent, outer[at] ?? [])))
      return false;
    for (const char of alphabet) {
      const nextInner = advance(child, inner, char);
      if (nextInner.length === 0) continue;
      open.push({
        inner: nextInner,
        outer: parents.map((parent, at) => advance(parent, outer[at] ?? [], char)),
      });
    }
  }
  return true;
}

function alphabetOf(globs: readonly Glob[]): (string | undefined)[] {
  const chars = new Set<string | undefined>(["/", undefined]);
  for (const glob of globs) {
    for (const instruction of glob.program) if (instruction.op === "char") chars.add(instruction.char);
  }
  return [...chars];
}
