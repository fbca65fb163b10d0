import type { Message, TurnMachine, TurnState } from "@pawl/core";
import type { TurnFacts } from "../controller/effect-controller.ts";
import { handingOver } from "./handing-over.ts";

export interface TurnFactsSource
  extends Pick<TurnFacts, "toolbox" | "spending" | "outboxRoom" | "refreshTools"> {
  readonly machine: Pick<TurnMachine, "config">;
  /** The session's messages before this turn. */
  readonly base: readonly Message[];
}

/** What an effect may look at that is asked for in this state. */
export function turnFacts(state: TurnState, { machine, base, ...rest }: TurnFactsSource): TurnFacts {
  const { toolbox, spending, outboxRoom, refreshTools } = rest;
  return {
    sessionId: state.sessionId,
    turnId: state.turnId,
    config: machine.config,
    environment: state.environment,
    messages(upTo) {
      const own = state.delta.slice(0, upTo);
      return base.length === 0 ? own : base.concat(own);
    },
    delta: state.delta,
    handingOver: handingOver(state),
    parent: state.parent,
    toolbox,
    spending,
    ...(outboxRoom && { outboxRoom }),
    ...(refreshTools && { refreshTools }),
  };
}
