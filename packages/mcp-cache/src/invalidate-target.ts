/** Whose lists are concerned; what is absent stands for all. */
export interface InvalidateTarget {
  readonly server?: string;
  readonly session?: string;
}

export function concerns(
  target: InvalidateTarget,
  { server, session }: { readonly server: string; readonly session: string | undefined },
): boolean {
  if (target.server !== undefined && target.server !== server) return false;
  return target.session === undefined || target.session === session;
}
