type Decoders = typeof import("@pawl/core/codec");

let loaded: Decoders | undefined;

/** They bring zod along, some 4 MiB that a host can do without that reads nothing but plain inputs. Safe to call more than once. */
export async function loadDecoders(): Promise<void> {
  loaded ??= await import("@pawl/core/codec");
}

export function areDecodersLoaded(): boolean {
  return loaded !== undefined;
}

/** Core's decoders of what stores keep, loaded for rows that are `isDecoded` before anybody reads them. */
export function decoders(): Decoders {
  if (loaded === undefined) throw new Error("The decoders are not loaded.");
  return loaded;
}
