import { PawlError } from "@pawl/core";

/** The provider's answer is at fault, and asking again may help. */
export function brokenAnswer(code: string, message: string): PawlError {
  return new PawlError(code, message, { blame: "peer", details: { retryable: true } });
}

/** Something that this package does not do; asking again ends in the same way. */
export function unsupported(code: string, message: string): PawlError {
  return new PawlError(code, message);
}
