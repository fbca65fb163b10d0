import {
  type EffectId,
  type EffectOutcome,
  type Json,
  type LogBody,
  type LogRow,
  type MachineEffect,
  mustMatch,
  outstandingEffects,
  type StepResult,
  step,
  type TurnId,
  type TurnInput,
  type TurnMachine,
  type TurnState,
} from "@pawl/core";
import type { Clock, Inbox, InputRecord, Logger } from "@pawl/core/ports";
import type { RowDraft, SessionLane } from "./session-lane.ts";

export interface MachineFeedOptions {
  readonly machine: TurnMachine;
  readonly lane: SessionLane;
  readonly inbox: Pick<Inbox, "checkpoint">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with checkpoints that a step asks for, at once: they do nothing but write, and their rows go out with the step's own. */
  readonly checkpoint: (effect: MachineEffect) => void;
  /**
   * Called with what a step asks for whose row is on its way and tells nothing that is not durable already, or only that nobody steers the
   * turn, which is a guess then: what may be repeated may be begun (ADR 37).
   */
  readonly goAhead: (guess: StepResult) => void;
  /** Called with what else a step asks for, once its row is durable (E2); and with what was guessed of it. */
  readonly act: (result: StepResult, guess?: StepResult) => void;
  /**
   * Called with the state in which the turn is over, unless somebody wants to steer it, and with the rows that say so: whether they were
   * written with its commit. Else they are written by themselves.
   */
  readonly commit: (state: TurnState, rows: readonly LogRow[]) => Promise<boolean>;
  /** Called when an input was dealt with, also one that came too late. */
  readonly settled: () => void;
  /** Inputs may have come to the session that want to steer the turn. */
  readonly maybeSteered: boolean;
}

export interface Fed {
  /** Must-match fields of the command whose outcome it is. */
  readonly command?: Json;
  /** What it tells is durable before its row is. */
  readonly isDurable?: boolean;
}

/**
 * Feeds a turn's machine: owns its state, steps it with one input after another, and writes each input as a row before anybody
 * acts on it (D6), save for what may go ahead of a row (ADR 37). Who runs the turn decides what is fed and what is done.
 */
export class MachineFeed {
  readonly #o: MachineFeedOptions;
  #state: TurnState;
  #underWay = 0;
  /** Set while a write decides what the next input is: nothing else may be fed meanwhile. */
  #gate: Promise<unknown> | undefined;
  /** The checkpoint that is written together with a row that tells nothing new. */
  #guessed: EffectId | undefined;
  #maybeSteered: boolean;

  constructor(state: TurnState, options: MachineFeedOptions) {
    this.#state = state;
    this.#o = options;
    this.#maybeSteered = options.maybeSteered;
  }

  get state(): TurnState {
    return this.#state;
  }

  get turnId(): TurnId {
    return this.#state.turnId as TurnId;
  }

  /** Inputs were stepped that are not durable and acted upon yet. */
  get busy(): boolean {
    return this.#underWay > 0;
  }

  /** Something has come to the session: until the next checkpoint it is not guessed that nobody steers the turn. */
  hinted(): void {
    this.#maybeSteered = true;
  }

  draft(ordinal: number | null, at: number, body: LogBody): RowDraft {
    return { turnId: this.turnId, ordinal, at, body };
  }

  /** Resolves when the input is durable and acted upon, or is known to come too late. */
  async feed(input: TurnInput, { command, isDurable = false }: Fed = {}): Promise<void> {
    this.#underWay += 1;
    try {
      if (this.#gate !== undefined) await this.#gate;
      const { row, result } = this.#stepped(input, command);
      if (row === undefined) return;
      this.#state = result.state;
      const durable = this.#o.lane.append([row]);
      const checkpoints = result.effects.filter(isCheckpoint);
      // All that was stepped before is durable, too.
      const guess = isDurable && this.#underWay === 1 ? result : undefined;
      if (guess !== undefined) this.#guessed = checkpoints[0]?.id;
      for (const effect of checkpoints) this.#o.checkpoint(effect);
      if (guess !== undefined) this.#o.goAhead(guess);
      await durable;
      const effects =
        checkpoints.length === 0 ? result.effects : result.effects.filter((e) => !isCheckpoint(e));
      this.#o.act({ ...result, effects }, guess);
    } finally {
      this.#underWay -= 1;
      this.#o.settled();
    }
  }

  /**
   * Claiming steering inputs and the row that holds them are one transaction (D19), so the row is made inside of it, and
   * nothing else may be fed until it is known.
   */
  async checkpoint(effect: MachineEffect): Promise<void> {
    const opened = Promise.withResolvers<void>();
    const before = this.#gate;
    this.#gate = opened.promise;
    try {
      if (before !== undefined) await before;
      const claimed = await this.#claimed(effect);
      if (claimed === undefined) return;
      this.#state = claimed.result.state;
      this.#o.act(claimed.result, claimed.guess);
    } finally {
      if (this.#gate === opened.promise) this.#gate = undefined;
      opened.resolve();
    }
  }

  async #claimed(effect: MachineEffect): Promise<Claimed | undefined> {
    const { lane, inbox, clock } = this.#o;
    const now = clock.now();
    if (!outstandingEffects(this.#state).includes(effect.id)) return undefined;
    const guesses = this.#guessed === effect.id && !this.#maybeSteered;
    // What comes from now on may come too late for this one.
    this.#maybeSteered = false;
    const stepWith = (inputs: readonly InputRecord[]) => {
      const taken = inputs.map(({ inputId, content }) => ({ inputId, parts: content.parts }));
      const outcome: EffectOutcome = { kind: "checkpoint", inputs: taken };
      const input: TurnInput = { type: "effect_settled", now, effectId: effect.id, outcome };
      return this.#stepped(input, mustMatch(effect.command));
    };
    let result: StepResult | undefined;
    let guess: StepResult | undefined;
    await lane.exclusiveWithRows(async (seq, before) => {
      const unsteered = stepWith([]);
      const rowOf = (inputs: readonly InputRecord[]) => {
        const stepped = inputs.length === 0 ? unsteered : stepWith(inputs);
        result = stepped.result;
        return { ...(stepped.row as RowDraft), seq };
      };
      if (isLast(effect)) {
        const rows = [...before, rowOf([])];
        const isOver = result?.state.phase.name === "finished";
        if (isOver && (await this.#o.commit(result!.state, rows))) return { used: 2, value: undefined };
      }
      const written = inbox.checkpoint(lane.fence, this.turnId, rowOf, before);
      if (guesses) {
        guess = unsteered.result;
        this.#o.goAhead(guess);
      }
      await written;
      return { used: 1, value: undefined };
    });
    return result && { result, ...(guess && { guess }) };
  }

  /** The step that an input would make, and its row; no row for one that comes too late. */
  #stepped(input: TurnInput, command?: Json): { result: StepResult; row: RowDraft | undefined } {
    const result = step(this.#o.machine, this.#state, input);
    if (result.report !== undefined) {
      const { code, message } = result.report;
      this.#o.logger.debug(message, { turnId: this.#state.turnId, code });
      return { result, row: undefined };
    }
    const row = this.draft(this.#state.ordinal, input.now, {
      kind: "machine_input",
      input,
      ...(command !== undefined && { command }),
      ...(result.events.length > 0 && { events: result.events }),
    });
    return { result, row };
  }
}

interface Claimed {
  readonly result: StepResult;
  /** What it would be if nobody steered the turn, where that was acted upon. */
  readonly guess?: StepResult;
}

/** The turn ends with it when it brings nothing. */
function isLast({ command }: MachineEffect): boolean {
  return command.kind === "checkpoint" && command.checkpoint === "before_completion";
}

function isCheckpoint({ command }: MachineEffect): boolean {
  return command.kind === "checkpoint";
}
