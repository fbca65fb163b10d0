/** How long and how often to measure. */
export interface Effort {
  /** Rounds that count. */
  readonly rounds: number;
  /** Rounds before those, which do not. */
  readonly warmUps: number;
  /** How long one sample of something fast repeats it, in milliseconds. */
  readonly sampleMs: number;
  /** How often one sample repeats something slow, as a factor: 1 when quick. */
  readonly scale: number;
}

/** What is promised of a figure. A target on `ratio` is one on the ratio to the floor, one on `peer` on that to the best peer. */
export interface Target {
  readonly of: "value" | "ratio" | "peer";
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One figure. */
export interface Subject {
  readonly name: string;
  readonly unit: string;
  /** Name of the subject of the same cell that it is compared with. */
  readonly floor?: string;
  /** Name of the subject of ours at whose work this is another system. */
  readonly peerOf?: string;
  readonly target?: Target;
  /** One sample, in `unit`. */
  sample(): number | Promise<number>;
}

export interface AbsentPeer {
  readonly name: string;
  /** Why, and what would let it be measured. */
  readonly reason: string;
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
  /** Rounds that count, at most, where one takes long. */
  readonly maxRounds?: number;
  open(effort: Effort): Promise<OpenCell>;
}

export const FULL: Effort = { rounds: 11, warmUps: 2, sampleMs: 500, scale: 4 };
export const QUICK: Effort = { rounds: 5, warmUps: 1, sampleMs: 100, scale: 1 };
