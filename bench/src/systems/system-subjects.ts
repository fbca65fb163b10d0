import type { Subject, Target } from "../cell.ts";
import { PAWL } from "./names.ts";

/** What one figure is called of each system. */
export interface FigureOfSystems {
  readonly of: string;
  readonly unit: string;
  readonly better?: "more" | "less";
  readonly floor?: string;
  /** Of ours. */
  readonly target?: Target;
  /** Further subjects of ours that are compared with the same peers. */
  readonly alsoOurs?: readonly string[];
  /** False for counts, which may be 0. */
  readonly compared?: boolean;
  /** Systems that stand beside and are no peers. */
  readonly beside?: ReadonlySet<string>;
}

/** A subject for one system: ours under the plain name, a peer's with its own behind it. */
export function subjectOf(system: string, figure: FigureOfSystems, sample: Subject["sample"]): Subject {
  const { of, unit, better, floor, target, alsoOurs = [], compared = true, beside } = figure;
  const ours = system === PAWL.name;
  return {
    name: ours ? of : `${of} · ${system}`,
    unit,
    ...(better !== undefined && { better }),
    ...(floor !== undefined && { floor }),
    ...(ours && target !== undefined && { target }),
    ...(!ours && compared && beside?.has(system) !== true && { peerOf: [of, ...alsoOurs] }),
    sample,
  };
}
