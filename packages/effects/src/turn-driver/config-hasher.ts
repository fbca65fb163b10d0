import { loadJsonDigest, type TurnConfig } from "@pawl/core";

/** Few hosts have more agents, and the tools of one may be long. */
const MOST_KNOWN = 32;

/**
 * The content hash of a configuration (D7): that of its canonical JSON. Most turns of a host have one of a few, and to write it down as
 * it is and look that up is much less than to sort and hash all of its tools.
 */
export function configHasher(): (config: TurnConfig) => Promise<string> {
  const known = new Map<string, string>();
  return async (config) => {
    const text = JSON.stringify(config);
    const found = known.get(text);
    if (found !== undefined) return found;
    const hash = (await loadJsonDigest())(config);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(text, hash);
    return hash;
  };
}
