type Close = () => Promise<void>;

const left = new Set<Close>();

/**
 * For what a cell starts in `open`, which may fail half way with nobody to close what was started before: that is ended with the cell.
 *
 * @returns `close`, which does its work once, whoever calls it
 */
export function endsWithCell(close: Close): Close {
  const once = async () => {
    if (left.delete(once)) await close();
  };
  left.add(once);
  return once;
}

/** Ends what is left. One that fails to end does not keep the others. */
export async function endWhatIsLeft(): Promise<void> {
  await Promise.allSettled([...left].reverse().map((close) => close()));
}
