let named: string | undefined;

/** `--config` stands before or behind any command, so it is kept for all of them. */
export function nameConfigFile(path: string): void {
  named = path;
}

export function namedConfigFile(): string | undefined {
  return named;
}
