type Answer = (...args: never[]) => unknown;

/** The other side of `asked-process.ts`: opens what answers, says that it is ready, and answers until it is closed. */
export async function answerQuestions<Answers extends { close(): Promise<void> }>(
  open: () => Promise<Answers>,
  answer: (answers: Answers, method: string, args: unknown[]) => unknown = answerByName,
): Promise<void> {
  // The terminal's interrupt is for whoever started this, who asks it to close. When that one is gone nothing is worth going on for.
  process.on("SIGINT", () => undefined);
  process.once("disconnect", () => process.exit(0));
  try {
    const answers = await open();
    process.on("message", async ({ method, args }: { method: string; args: unknown[] }) => {
      try {
        process.send?.({ value: await answer(answers, method, args) });
      } catch (cause) {
        process.send?.({ error: String((cause as Error).stack ?? cause) });
      }
      if (method === "close") process.exit(0);
    });
    process.send?.({});
  } catch (cause) {
    process.send?.({ error: String((cause as Error).stack ?? cause) });
    process.disconnect?.();
  }
}

export function answerByName(answers: object, method: string, args: unknown[]): unknown {
  const act = (answers as Record<string, Answer | undefined>)[method];
  if (act === undefined) throw new Error(`It has no ${method}.`);
  return act.apply(answers, args as never[]);
}
