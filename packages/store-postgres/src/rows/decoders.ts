type Decoders = typeof import("@pawl/core/codec");

let loaded: Decoders | undefined;

/** They bring zod along, some 15 MiB that a host that reads nothing can do without. Safe to call more than once. */
export async function loadDecoders(): Promise<void> {
  loaded ??= await import("@pawl/core/codec");
}

export function areDecodersLoaded(): boolean {
  return loaded !== undefined;
}

/** Core's decoders of what stores keep; statements that are `isDecoded` load them before they run. */
export function decoders(): Decoders {
  if (loaded === undefined) throw new Error("The decoders are not loaded.");
  return loaded;
}
