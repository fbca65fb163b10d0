import { cells } from "../cells/index.ts";
import type { Figure } from "../figure.ts";
import { rowOf } from "../print-table.ts";

/** The index of all pages: what was promised, and where it stands. */
export function indexPage(figures: ReadonlyMap<string, readonly Figure[]>): string {
  const order = [...cells.keys()];
  const known = [...figures].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const aimed = known.flatMap(([cell, all]) =>
    all.filter(({ target }) => target !== null).map((figure) => ({ cell, figure })),
  );
  const rows = aimed.map(({ cell, figure }) => {
    const [subject, median, unit, , toFloor, toBest, , target, met] = rowOf(figure);
    const value = `${median} ${unit}`.trim();
    const peer =
      figure.best_peer === null ? "" : `${toBest} ${figure.best_peer.split(" · ")[1] ?? ""}`.trim();
    return `| [${cell}](${cell}.md) | ${subject} | ${value} | ${toFloor} | ${peer} | ${target} | ${met} |`;
  });
  const missed = aimed.filter(({ figure }) => figure.met === false).length;
  return `# What Pawl costs

Each page here is written by \`pnpm bench --docs\`, with the date, the versions and the machine that it was measured on. No figure is
kept by hand. [bench](../../bench/README.md) says how to run it.

Ratios are what can be compared between machines. *To floor* is against the least that the work can cost in the same round, such
as one-row commits by bare \`pg\`. *To best peer* is against the other system that does best at the same work in the same round:
above 1 × is more of the unit, which is better for rates and worse for times and bytes. *Ours to it*, in a peer's row, is that against
each of them. *Spread* is the distance between the quartiles
as a share of the median. The lines of \`--json\` are beside each page.

Of ${aimed.length} figures with a target ${missed === 0 ? "none is missed" : `${missed} are missed`}.

| cell | figure | median | to floor | to best peer | target | |
| --- | --- | --: | --: | --: | --- | --- |
${rows.join("\n")}

All pages: ${known.map(([cell]) => `[${cell}](${cell}.md)`).join(", ")}.
`;
}
