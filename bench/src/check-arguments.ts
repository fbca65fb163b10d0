// `node check-arguments …`: what `main` would say of these, before anything is installed or built for it.
import { argumentsOrEnd } from "./arguments.ts";

argumentsOrEnd(process.argv.slice(2));
