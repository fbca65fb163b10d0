/*
 * What a program needs to run as its user and to find its files and certificates. Everything else of the host's
 * environment (keys, tokens, database addresses, proxies with passwords) stays with the host.
 */
const POSIX = [
  "HOME",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "LOGNAME",
  "PATH",
  "SHELL",
  "TERM",
  "TMPDIR",
  "TZ",
  "USER",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
];
const WINDOWS = [
  "APPDATA",
  "COMSPEC",
  "HOMEDRIVE",
  "HOMEPATH",
  "LOCALAPPDATA",
  "PATH",
  "PATHEXT",
  "PROCESSOR_ARCHITECTURE",
  "PROGRAMDATA",
  "PROGRAMFILES",
  "SYSTEMDRIVE",
  "SYSTEMROOT",
  "TEMP",
  "TMP",
  "USERNAME",
  "USERPROFILE",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
];

/** The environment of a stdio server: the minimum, the host's variables named in `inherit`, then `extra`. */
export function minimalEnvironment(
  host: Readonly<Record<string, string | undefined>>,
  inherit: readonly string[],
  extra: Readonly<Record<string, string>>,
  platform: string,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of [...(platform === "win32" ? WINDOWS : POSIX), ...inherit]) {
    const value = host[name];
    // Exported shell functions look like this; a program has no use for them.
    if (value !== undefined && !value.startsWith("()")) env[name] = value;
  }
  return { ...env, ...extra };
}
