import { type CrashPoint, nameOf } from "./crash-point.ts";
import type { Expected } from "./expected.ts";
import { PERFORMED, type Story } from "./story.ts";

export type Backend = "memory" | "process" | "stall" | "database";

/** One line of the matrix. */
export interface Verdict {
  readonly backend: Backend;
  readonly point: string;
  readonly passed: boolean;
  readonly performed: Story["performed"];
  readonly asked: Story["asked"];
  /** Why it did not pass, in sentences. */
  readonly problems: readonly string[];
}

/** Compares what came of a crash with the table and with the undisturbed run. */
export function judge(
  backend: Backend,
  point: CrashPoint,
  expected: Expected | undefined,
  story: Story,
  calm: Story,
): Verdict {
  const problems = [...story.faults, ...differencesFromCalm(story, calm)];
  if (expected === undefined) problems.push("the table has no cell for it");
  else {
    for (const what of PERFORMED) {
      const times = story.performed[what] ?? 0;
      const [least, most] = expected.performed[what] ?? [0, 0];
      if (times < least || times > most)
        problems.push(
          `${what} was performed ${times} times and not ${[...new Set([least, most])].join(" to ")}`,
        );
    }
    if (story.asked !== expected.asked)
      problems.push(`asked about charge: ${story.asked ?? "nobody"}, and not ${expected.asked ?? "nobody"}`);
  }
  return verdict(backend, nameOf(point), story, problems);
}

/** What is byte for byte the same, whatever happened (D26). */
export function differencesFromCalm(story: Story, calm: Story): readonly string[] {
  const problems: string[] = [];
  if (story.status !== "completed") problems.push(`the turn is ${story.status}`);
  if (story.committed !== calm.committed)
    problems.push("transcript, receipt, inputs or outbox differ from the undisturbed run");
  if (story.chargeKeys !== 1)
    problems.push(`charge was performed under ${story.chargeKeys} idempotency keys`);
  const isSame = story.machine === calm.machine;
  if (!isSame && story.asked === null) problems.push("the machine's inputs differ from the undisturbed run");
  if (isSame && story.asked !== null) problems.push("a question left no trace in the machine's inputs");
  return problems;
}

export function verdict(
  backend: Backend,
  point: string,
  { performed, asked }: Pick<Story, "performed" | "asked">,
  problems: readonly string[],
): Verdict {
  return { backend, point, passed: problems.length === 0, performed, asked, problems };
}

/** A run that came to nothing that could be judged. */
export function broken(backend: Backend, point: string, thrown: unknown): Verdict {
  const problem = thrown instanceof Error ? thrown.message : String(thrown);
  return verdict(backend, point, { performed: {}, asked: null }, [problem]);
}
