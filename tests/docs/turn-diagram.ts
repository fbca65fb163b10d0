import type { Transition } from "@pawl/core";

/** What stands between the two lines is written by `pnpm --filter @pawl/tests run docs`. */
const BEGIN = "<!-- generated from TRANSITIONS: begin -->";
const END = "<!-- generated from TRANSITIONS: end -->";

/** The page with its generated part made anew. */
export function withDiagram(page: string, transitions: readonly Transition[]): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`The page needs the lines ${BEGIN} and ${END}.`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${diagram(transitions)}\n\n${table(transitions)}\n\n${page.slice(end)}`;
}

/** Mermaid: one arrow per pair of phases, with what leads there. */
function diagram(transitions: readonly Transition[]): string {
  const labels = new Map<string, string[]>();
  for (const { from, input, to } of transitions) {
    for (const phase of to) {
      const arrow = `${from} --> ${phase}`;
      labels.set(arrow, [...(labels.get(arrow) ?? []), input.replace("settled:", "")]);
    }
  }
  const arrows = [...labels].map(([arrow, inputs]) => `  ${arrow}: ${inputs.join(", ")}`);
  const lines = ["stateDiagram-v2", "  [*] --> preparing", ...arrows, "  finished --> [*]"];
  return ["```mermaid", ...lines, "```"].join("\n");
}

function table(transitions: readonly Transition[]): string {
  const rows = transitions.map(({ from, input, to }) => `| ${from} | \`${input}\` | ${to.join(", ")} |`);
  return ["| in phase | input | leads to |", "|---|---|---|", ...rows].join("\n");
}
