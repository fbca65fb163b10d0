import type { Message } from "@pawl/core";
import { type BrokenStore, pause, replacing } from "./broken-store.ts";

/** Faults in what is written: lost, torn, doubled, changed. */
export const BROKEN_WRITES: readonly BrokenStore[] = [
  {
    fault: "a write is acknowledged and lost",
    breaking: (store) =>
      replacing(store, "log", {
        append: (fence, rows) =>
          rows.length > 1 ? store.log.append(fence, rows.slice(0, -1)) : store.log.append(fence, rows),
      }),
    noticedBy: [{ chapter: "The log", case: "S1 D5 rows of every kind" }],
  },
  {
    fault: "a number that is taken is overwritten",
    breaking: (store, { state }) =>
      replacing(store, "log", {
        append: async (fence, rows) => {
          const session = state.sessions.get(fence.sessionId)!;
          const taken = rows.filter((row) => row.seq >= 1 && row.seq <= session.log.length);
          for (const row of taken) session.log[row.seq - 1] = { row, writer: "x" };
          await store.log.append(
            fence,
            rows.filter((row) => !taken.includes(row)),
          );
        },
      }),
    noticedBy: [{ chapter: "The log", case: "D5 a number that is taken" }],
  },
  {
    fault: "a row that leaves a gap is taken",
    breaking: (store, { state }) =>
      replacing(store, "log", {
        append: async (fence, rows) => {
          const session = state.sessions.get(fence.sessionId)!;
          const renumbered = rows.map((row, index) => ({ ...row, seq: session.log.length + 1 + index }));
          await store.log.append(fence, renumbered);
        },
      }),
    noticedBy: [{ chapter: "The log", case: "D5 a number that is taken, or would leave a gap" }],
  },
  {
    fault: "what cannot be stored is changed in silence",
    breaking: (store) =>
      replacing(store, "inbox", {
        accept: (input, options) =>
          store.inbox.accept(JSON.parse(JSON.stringify(input).replace(/\\u0000|\\ud800/g, "")), options),
      }),
    noticedBy: [{ chapter: "The inbox", case: "S10 content that no store keeps" }],
  },
  {
    fault: "a commit is torn: its messages stay when its row fails",
    breaking: (store, { state }) =>
      replacing(store, "sessions", {
        commit: async (fence, boundary) => {
          try {
            return await store.sessions.commit(fence, boundary);
          } catch (error) {
            const messages: Message[] = state.sessions.get(fence.sessionId)!.messages;
            messages.push(...(boundary.delta?.messages ?? []));
            throw error;
          }
        },
      }),
    noticedBy: [{ chapter: "Law: all or nothing", case: "S11 nothing of a commit stays" }],
  },
  {
    fault: "a commit is two transactions: the receipt first, the messages later",
    breaking: (store, { state }) =>
      replacing(store, "sessions", {
        commit: async (fence, boundary) => {
          const session = state.sessions.get(fence.sessionId);
          const before = session?.messages.length ?? 0;
          const result = await store.sessions.commit(fence, boundary);
          const late = session?.messages.splice(before) ?? [];
          await pause();
          await pause();
          session?.messages.push(...late);
          return result;
        },
      }),
    noticedBy: [{ chapter: "Law: all or nothing", case: "S11 nobody sees a commit half done" }],
  },
  {
    fault: "a turn that could not begin leaves its configuration",
    breaking: (store, { state }) =>
      replacing(store, "sessions", {
        beginTurn: async (fence, turn) => {
          state.configs.set(turn.configHash, turn.config);
          await store.sessions.beginTurn(fence, turn);
        },
      }),
    noticedBy: [{ chapter: "Law: all or nothing", case: "S16 a turn begins wholly" }],
  },
  {
    fault: "a checkpoint claims its inputs before its row is written",
    breaking: (store, { state }) =>
      replacing(store, "inbox", {
        checkpoint: (fence, turnId, row, before) =>
          store.inbox.checkpoint(
            fence,
            turnId,
            (inputs) => {
              const session = state.sessions.get(fence.sessionId)!;
              try {
                const made = row(inputs);
                if (made.seq === session.log.length + 1) return made;
                throw new Error("the row was refused");
              } catch (error) {
                for (const input of inputs) state.inputs.set(input.inputId, input);
                for (const input of inputs) session.inputs[input.position - 1] = input;
                throw error;
              }
            },
            before,
          ),
      }),
    noticedBy: [{ chapter: "Law: all or nothing", case: "S11 D19 nothing of a checkpoint stays" }],
  },
  {
    fault: "a second commit of a turn overwrites the receipt of the first",
    breaking: (store, { state }) =>
      replacing(store, "sessions", {
        commit: async (fence, boundary) => {
          const session = state.sessions.get(fence.sessionId);
          const [stored] = session?.runs.get(boundary.runId) ?? [];
          const inputIds = boundary.inputIds;
          if (session === undefined || stored === undefined || boundary.boundary !== "turn_end") {
            return store.sessions.commit(fence, boundary);
          }
          const receipt = { ...stored, inputIds, outcome: boundary.outcome };
          session.receipts.splice(session.receipts.indexOf(stored), 1, receipt);
          session.runs.set(boundary.runId, [receipt]);
          return { status: "committed", receipt };
        },
      }),
    noticedBy: [{ chapter: "The commit", case: "S12 D20 another commit of the same turn" }],
  },
  {
    fault: "receipts have the sequence that their caller would like",
    breaking: (store) =>
      replacing(store, "sessions", {
        commit: async (fence, boundary) => {
          const result = await store.sessions.commit(fence, boundary);
          if (result.status !== "committed") return result;
          return { status: "committed", receipt: { ...result.receipt, sequence: 0 } };
        },
      }),
    noticedBy: [{ chapter: "The commit", case: "S8 sequences are dense" }],
  },
  {
    fault: "the head is not compared",
    breaking: (store, { state }) =>
      replacing(store, "sessions", {
        commit: (fence, boundary) => {
          const revision = state.sessions.get(fence.sessionId)?.revision ?? 0;
          const delta = boundary.delta && { ...boundary.delta, baseRevision: revision };
          return store.sessions.commit(fence, { ...boundary, delta });
        },
      }),
    noticedBy: [{ chapter: "The commit", case: "D20 a delta on another revision" }],
  },
  {
    fault: "a cancel request is looked at before the commit and not in it",
    breaking: (store, { state }) =>
      replacing(store, "sessions", {
        commit: async (fence, boundary) => {
          const evidence = state.cancels.get(boundary.runId);
          if (evidence && boundary.outcome?.status !== "cancelled") {
            return { status: "cancelled_first", evidence };
          }
          await pause();
          state.cancels.delete(boundary.runId);
          return store.sessions.commit(fence, boundary);
        },
      }),
    noticedBy: [{ chapter: "Law: racing makes one", case: "S17 D18 a cancel request and the commit" }],
  },
  {
    fault: "the cancel gate is not sealed",
    breaking: (store, { state }) =>
      replacing(store, "sessions", {
        commit: (fence, boundary) => {
          state.cancels.delete(boundary.runId);
          return store.sessions.commit(fence, boundary);
        },
      }),
    noticedBy: [{ chapter: "The cancel gate", case: "D18 a request before the seal wins" }],
  },
];
