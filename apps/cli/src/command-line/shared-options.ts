import { InvalidArgumentError, Option } from "commander";

export type SetExitCode = (code: number) => void;

export const dataDir = () =>
  new Option("--data-dir <folder>", "folder of the database and the token (PAWL_DATA_DIR, default .pawl)");
export const server = () =>
  new Option(
    "--server <url>",
    "use the server at this address; its token is taken from PAWL_TOKEN or the data folder",
  );
/** Of commands that work on the database: named, so that it is refused with a reason. */
export const noServer = () =>
  new Option("--server <url>", "not here: this works where the database is").hideHelp();
export const listLimit = () =>
  new Option("--limit <number>", "how many at most").argParser(wholeNumber(1, 500)).default(100);
export const json = () => new Option("--json", "print JSON");

export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  if (value.trim() === "") throw new InvalidArgumentError("It is empty.");
  return [...previous, value];
}

export function seconds(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 1_000_000) return value;
  throw new InvalidArgumentError("It must be a number of seconds above 0.");
}

export function dollars(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 1_000_000) return value;
  throw new InvalidArgumentError("It must be an amount above 0.");
}

/** A whole number within bounds. */
export function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
