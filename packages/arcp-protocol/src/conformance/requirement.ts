/** Who has to keep a requirement. */
export type Side = "runtime" | "client" | "both";

export type Level = "MUST" | "SHOULD" | "MAY" | "ours";

/** One requirement of ARCP 1.1, or one of our decisions where the draft is open (level `ours`). */
export interface Requirement {
  /** Section and a number: `6.3-2`. Tests cite it in brackets in their titles. */
  id: string;
  level: Level;
  side: Side;
  text: string;
}

export interface Section {
  number: string;
  title: string;
  requirements: Requirement[];
}

/** A section of the specification, whose requirements are numbered in the order in which they stand. */
export function section(
  number: string,
  title: string,
  rules: readonly (readonly [Level, Side, string])[],
): Section {
  return {
    number,
    title,
    requirements: rules.map(([level, side, text], at) => ({ id: `${number}-${at + 1}`, level, side, text })),
  };
}
