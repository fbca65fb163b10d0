import type { Figure } from "../figure.ts";
import { type Bar, barChart, curveChart } from "./svg.ts";

export interface Plot {
  readonly title: string;
  readonly svg: string;
}

/** Bars for each figure of ours that stands beside peers or a floor of its unit, and lines for curves. */
export function plotsOf(figures: readonly Figure[]): readonly Plot[] {
  return [...curvePlots(figures), ...peerPlots(figures), ...floorPlots(figures)];
}

function curvePlots(figures: readonly Figure[]): readonly Plot[] {
  const points = figures.filter(({ point }) => point !== null);
  const groups = Map.groupBy(points, ({ point, unit }) => `${unit} by ${point!.of}`);
  return [...groups].map(([title, group]) => {
    const curves = [...Map.groupBy(group, ({ point }) => point!.curve)].map(([name, of]) => ({
      name,
      points: of.map(({ point, value }) => ({ x: point!.at, y: value })),
    }));
    const [first] = group;
    return { title, svg: curveChart({ title, x: first!.point!.of, curves }) };
  });
}

function peerPlots(figures: readonly Figure[]): readonly Plot[] {
  const ours = figures.filter(({ subject }) => figures.some(({ peer_of }) => peer_of.includes(subject)));
  const drawn = new Set<string>();
  return ours.flatMap((figure) => {
    const peers = figures.filter(({ peer_of }) => peer_of.includes(figure.subject));
    // Two of ours that have the same peers share a plot.
    const sharing = ours.filter(({ subject }) => peers.every(({ peer_of }) => peer_of.includes(subject)));
    if (drawn.has(figure.subject)) return [];
    for (const { subject } of sharing) drawn.add(subject);
    const floor = figures.find(({ subject, unit }) => subject === figure.floor && unit === figure.unit);
    const bars: Bar[] = [
      ...(floor === undefined ? [] : [{ label: floor.subject, value: floor.value, kind: "floor" as const }]),
      ...sharing.map(({ subject, value }) => ({
        label: sharing.length === 1 ? "Pawl" : `Pawl: ${subject}`,
        value,
        kind: "ours" as const,
      })),
      ...peers.map(({ subject, value }) => ({
        label: subject.split(" · ")[1] ?? subject,
        value,
        kind: "peer" as const,
      })),
    ];
    const title = `${figure.subject} (${figure.unit}, ${figure.better} is better)`;
    return [{ title, svg: barChart({ title, bars }) }];
  });
}

/** Figures that are held to a floor and have no peers. */
function floorPlots(figures: readonly Figure[]): readonly Plot[] {
  const held = figures.filter(
    ({ floor, point, ratio_to_best_peer, peer_of }) =>
      floor !== null && point === null && ratio_to_best_peer === null && peer_of.length === 0,
  );
  return [...Map.groupBy(held, ({ floor }) => floor!)].flatMap(([name, group]) => {
    const floor = figures.find(({ subject }) => subject === name);
    const same = group.filter(({ unit }) => unit === floor?.unit);
    if (floor === undefined || same.length === 0) return [];
    const title = `${floor.unit}, ${floor.better} is better`;
    const bars: Bar[] = [
      { label: floor.subject, value: floor.value, kind: "floor" },
      ...same.map(({ subject, value }) => ({ label: subject, value, kind: "ours" as const })),
    ];
    return [{ title, svg: barChart({ title, bars }) }];
  });
}
