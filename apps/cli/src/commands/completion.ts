import type { Command } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The words that may follow each command, by the command's path (`""` for the program itself). */
export function completionWords(program: Command): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, readonly string[]>();
  const visit = (command: Command, path: string) => {
    const flags = command.options.flatMap(({ long }) => (long == null ? [] : [long]));
    words.set(path, [...command.commands.map((child) => child.name()), ...flags, "--help"]);
    for (const child of command.commands)
      visit(child, path === "" ? child.name() : `${path} ${child.name()}`);
  };
  visit(program, "");
  return words;
}

/** A script that completes commands and flags. It asks nobody: it holds the words as they are in this version. */
export function completionScript(program: Command, shell: Shell): string {
  const words = completionWords(program);
  return shell === "fish" ? fish(words) : `${shell === "zsh" ? ZSH_HEAD : ""}${bash(words)}`;
}

const ZSH_HEAD = "autoload -U +X bashcompinit && bashcompinit\n";

function bash(words: ReadonlyMap<string, readonly string[]>): string {
  const cases = [...words].map(([path, next]) => `    '${path}') words='${next.join(" ")}' ;;`);
  return `_pawl() {
  local path='' word words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$path $word" in
${[...words.keys()]
  .filter((path) => path !== "")
  .map(matchCase)
  .join("\n")}
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _pawl pawl
`;
}

/** The path grows by the words that are commands; flags and arguments leave it as it is. */
function matchCase(path: string): string {
  const at = path.lastIndexOf(" ");
  return `      '${path.slice(0, Math.max(0, at))} ${path.slice(at + 1)}') path='${path}' ;;`;
}

function fish(words: ReadonlyMap<string, readonly string[]>): string {
  const lines = [...words].flatMap(([path, next]) => {
    const parts = path === "" ? [] : path.split(" ");
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`).join("; and ");
    const when = path === "" ? "__fish_use_subcommand" : seen;
    return next.map((word) =>
      word.startsWith("--")
        ? `complete -c pawl -n '${when}' -l ${word.slice(2)}`
        : `complete -c pawl -f -n '${when}' -a ${word}`,
    );
  });
  return `${lines.join("\n")}\n`;
}
