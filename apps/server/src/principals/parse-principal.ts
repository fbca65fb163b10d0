import { serverError } from "../errors.ts";

/** A principal as the command line names it: who, and the token by which they are known. */
export interface PrincipalToken {
  readonly principal: string;
  readonly token: string;
}

/** @throws PawlError `config_invalid` */
export function parsePrincipal(text: string): PrincipalToken {
  const [, principal, token] = /^([A-Za-z0-9][A-Za-z0-9._@-]{0,63})=([\x21-\x7e]{1,512})$/.exec(text) ?? [];
  if (principal === undefined || token === undefined) {
    throw serverError(
      "config_invalid",
      "--principal must be NAME=TOKEN, such as alice=tok-a: a name of letters, digits and . _ @ -, and a token without spaces.",
    );
  }
  if (principal === "operator") {
    throw serverError(
      "config_invalid",
      "--principal cannot name the operator: that is whoever has the token of the data folder. Take another name.",
    );
  }
  return { principal, token };
}
