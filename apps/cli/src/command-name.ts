/** How the reader starts this program: from a clone through its script, else by its name. */
export function commandName(env: Readonly<Record<string, string | undefined>>): string {
  return env.npm_package_name === "pawl-monorepo" ? "npx -y pnpm@12 pawl" : "pawl";
}

/** A word for a shell, quoted where it must be. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
