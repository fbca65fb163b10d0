import { createHash } from "node:crypto";

/*
 * Names that every model provider accepts (`[A-Za-z0-9_-]`, 1–64 characters) for tools whose servers know no such rule.
 *
 * M1  Every tool has exactly one shown name and no two tools share one.
 * M2  A shown name is bare while no other tool wants it, else `server__tool`.
 * M3  The way back is this table, never parsing.
 * M4  The same servers and tools give the same names, in whatever order the servers are given.
 */

export const MAX_NAME_LENGTH = 64;

export interface NamedTool {
  /** What the model is shown. */
  readonly name: string;
  /** `server__tool`; policies may always use it. */
  readonly qualified: string;
  /** The tool's name alone, made safe; it identifies the tool only while it is unique. */
  readonly bare: string;
  readonly server: string;
  /** The server's own name of the tool. */
  readonly original: string;
}

export interface NameTable {
  /** By server name, then in the order of the server's list. */
  readonly entries: readonly NamedTool[];
  /** The tool of a shown name, a qualified name, or a bare name that only one tool has. */
  find(name: string): NamedTool | undefined;
}

export interface NamedServer {
  /** Sanitised: without `__` and without `_` at its ends. */
  readonly server: string;
  readonly tools: readonly string[];
}

/** @param reserved names that other tools of the host already have */
export function createNameTable(
  servers: readonly NamedServer[],
  reserved: ReadonlySet<string> = new Set(),
): NameTable {
  const sorted = [...servers].sort((a, b) => (a.server < b.server ? -1 : a.server > b.server ? 1 : 0));
  const drafts = sorted.flatMap(({ server, tools }) => {
    const bares = bareNames(server, tools);
    return tools.map((original, index) => ({ server, original, bare: bares[index] as string }));
  });

  const wanted = new Map<string, number>();
  for (const { bare } of drafts) wanted.set(bare, (wanted.get(bare) ?? 0) + 1);

  // Qualified names first: they are promised to policies, so a bare name must give way to one.
  const qualifiedNames = new Set<string>();
  const qualified = drafts.map(({ server, bare, original }) => {
    const name = uniqueName(
      `${server}__${bare}`,
      `${server}\0${original}`,
      (taken) => qualifiedNames.has(taken) || reserved.has(taken),
    );
    qualifiedNames.add(name);
    return name;
  });

  const entries = drafts.map((draft, index): NamedTool => {
    const name = qualified[index] as string;
    const isBare =
      wanted.get(draft.bare) === 1 && !reserved.has(draft.bare) && !qualifiedNames.has(draft.bare);
    return { ...draft, qualified: name, name: isBare ? draft.bare : name };
  });

  const byName = new Map<string, NamedTool>();
  for (const entry of entries) {
    byName.set(entry.name, entry);
    byName.set(entry.qualified, entry);
  }
  return { entries, find: (name) => byName.get(name) };
}

/** Safe names of one server's tools: a name that is safe already keeps itself, others never take it away. */
function bareNames(server: string, tools: readonly string[]): string[] {
  const safe = tools.map((original) => original.replace(/[^A-Za-z0-9_-]/g, "_"));
  const kept = new Set(
    tools.filter((original, index) => original === safe[index] && original.length <= MAX_NAME_LENGTH),
  );
  const taken = new Set<string>(kept);
  return tools.map((original, index) => {
    if (kept.has(original)) return original;
    const name = uniqueName(safe[index] as string, `${server}\0${original}`, (candidate) =>
      taken.has(candidate),
    );
    taken.add(name);
    return name;
  });
}

/** `name` if it is short enough and free, else its beginning with a suffix that depends on `identity` alone. */
function uniqueName(name: string, identity: string, isTaken: (name: string) => boolean): string {
  if (name.length <= MAX_NAME_LENGTH && name !== "" && !isTaken(name)) return name;
  const digest = createHash("sha256").update(identity).digest("hex");
  for (let length = 6; ; length++) {
    const candidate = `${name.slice(0, MAX_NAME_LENGTH - 1 - length)}_${digest.slice(0, length)}`;
    if (length >= 40 || !isTaken(candidate)) return candidate;
  }
}
