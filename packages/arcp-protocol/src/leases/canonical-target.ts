/**
 * One spelling for what an operation touches, so that a pattern cannot be walked around. Undefined means that
 * the target makes no sense in its namespace, and is then refused.
 */
export function canonicalTarget(namespace: string, target: string): string | undefined {
  if (target === "" || target.includes("\0")) return undefined;
  if (namespace === "fs.read" || namespace === "fs.write") return canonicalPath(target);
  if (namespace === "net.fetch") return canonicalUrl(target);
  return canonicalName(target);
}

/** The same for a pattern of a lease; undefined when its `..` climbs over a wildcard, which means nothing. */
export function canonicalPattern(namespace: string, pattern: string): string | undefined {
  if (pattern.includes("\0")) return undefined;
  if (namespace === "fs.read" || namespace === "fs.write") return canonicalPath(pattern);
  if (namespace === "net.fetch") return canonicalUrlPattern(pattern);
  return canonicalName(pattern);
}

/** Names of tools and models may look like paths; then `safe/../danger` must not pass for something in `safe/`. */
function canonicalName(name: string): string | undefined {
  return name.includes("/") ? canonicalPath(name) : name;
}

/** Resolves `.`, `..` and repeated slashes by text alone. A relative path that climbs out keeps its `..`. */
function canonicalPath(path: string): string | undefined {
  const absolute = path.startsWith("/");
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") {
      kept.push(segment);
      continue;
    }
    const last = kept.at(-1);
    if (last === undefined) {
      if (!absolute) kept.push("..");
    } else if (last === "..") {
      kept.push("..");
    } else if (last.includes("*")) {
      return undefined;
    } else {
      kept.pop();
    }
  }
  return (absolute ? "/" : "") + kept.join("/");
}

/** By the URL standard: scheme and host in lower case, default port gone, dot segments resolved, no fragment. */
function canonicalUrl(target: string): string | undefined {
  let url: URL;
  try {
    url = new URL(target);
  } catch {
    return undefined;
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  // "https://trusted.example@evil.example/" must not look like a trusted address.
  if (url.username !== "" || url.password !== "") return undefined;
  url.hash = "";
  return url.href;
}

const urlPattern = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is;

function canonicalUrlPattern(pattern: string): string | undefined {
  const match = urlPattern.exec(pattern);
  if (match === null) return pattern;
  const scheme = (match[1] as string).toLowerCase();
  let host = (match[2] as string).toLowerCase();
  const rest = match[3] as string;
  if (scheme === "https") host = host.replace(/:443$/, "");
  if (scheme === "http") host = host.replace(/:80$/, "");
  if (rest === "") return host.endsWith("**") ? `${scheme}://${host}` : `${scheme}://${host}/`;
  if (!rest.startsWith("/")) return `${scheme}://${host}/${rest}`;
  const [path = "", ...query] = rest.split("?");
  // `.` and `..` never occur in a canonical URL; a pattern that has them is read as the path it means.
  const resolved = path.split("/").some((segment) => segment === "." || segment === "..")
    ? canonicalPath(path)
    : path;
  if (resolved === undefined) return undefined;
  return `${scheme}://${host}${[resolved, ...query].join("?")}`;
}
