/** How long and how often to measure. */
export interface Effort {
  /** Rounds that count. */
  readonly rounds: number;
  /** Rounds before those, which do not. */
  readonly warmUps: number;
  /** How long one sample of something fast repeats it, in milliseconds. */
  readonly sampleMs: number;
  /** How often one sample repeats something slow whose size is not what is asked, as a factor: 1 when quick. */
  readonly scale: number;
  /** No round is begun after so many milliseconds, if `MIN_ROUNDS` have counted: a run has a bound. */
  readonly budgetMs: number;
}

/** Below this a median says nothing. */
export const MIN_ROUNDS = 3;

/**
 * What is promised of a figure. A target on `ratio` is one on the ratio to the floor, one on `peer` on that to the best peer, one on
 * `medianPeer` on that to the peer in the middle.
 */
export interface Target {
  readonly of: "value" | "ratio" | "peer" | "medianPeer";
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One figure. */
export interface Subject {
  readonly name: string;
  readonly unit: string;
  /** Default: `more` for what is told per second, else `less`. */
  readonly better?: "more" | "less";
  /** Name of the subject of the same cell that it is compared with. */
  readonly floor?: string;
  /** Names of subjects of ours at whose work this is another system. */
  readonly peerOf?: readonly string[];
  /** A point of a curve: what it costs at this size. The curve's exponent becomes a figure of its own. */
  readonly point?: Point;
  readonly target?: Target;
  /** One sample, in `unit`. */
  sample(): number | Promise<number>;
}

export interface Point {
  readonly curve: string;
  /** What is varied, such as `messages`. */
  readonly of: string;
  readonly at: number;
}

export interface AbsentPeer {
  readonly name: string;
  /** Why, and what would let it be measured. */
  readonly reason: string;
  /** It was being measured, so that something is wrong. */
  readonly failed?: true;
}

/** A cell that is ready. */
export interface OpenCell {
  readonly subjects: readonly Subject[];
  /** Peers that could not be measured here. */
  readonly absent?: readonly AbsentPeer[];
  close?(): Promise<void>;
}

/** A few subjects that are measured in turns, in one process, under one condition. */
export interface Cell {
  readonly name: string;
  /** As the title of its page. */
  readonly title: string;
  /** What is measured, and how. A paragraph in Markdown. */
  readonly about: string;
  /** What the figures do not show. A paragraph in Markdown. */
  readonly notShown: string;
  /** Where profiles say that the cost is, where a target is hard to meet. A paragraph in Markdown, without figures: those are measured. */
  readonly whereItGoes?: string;
  /** Rounds that count, at most, where one takes long. */
  readonly maxRounds?: number;
  /** Where the first time is what is measured. */
  readonly noWarmUp?: boolean;
  open(effort: Effort): Promise<OpenCell>;
}

export const FULL: Effort = { rounds: 11, warmUps: 2, sampleMs: 500, scale: 4, budgetMs: 60_000 };
export const QUICK: Effort = { rounds: 5, warmUps: 1, sampleMs: 100, scale: 1, budgetMs: 15_000 };
