import type { Price } from "@pawl/ai-sdk";
import { PawlError } from "@pawl/core";

/** 1 USD per million tokens, in nano US dollars per token. */
const NANO_USD_PER_TOKEN = 1000;

/**
 * Reads `PAWL_MODEL_PRICE`: `INPUT/OUTPUT` or `INPUT/OUTPUT/CACHED_INPUT` in US dollars per million tokens, as
 * providers print their prices (`0.25/2/0.025`).
 *
 * @throws PawlError `model_price_invalid`
 */
export function parseModelPrice(text: string): Price {
  const numbers = text.split("/").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const [input, output, cached] = numbers;
  const valid = numbers.every((n) => Number.isFinite(n) && n >= 0) && numbers.length <= 3;
  if (!valid || input === undefined || output === undefined) {
    throw new PawlError(
      "model_price_invalid",
      `PAWL_MODEL_PRICE must be INPUT/OUTPUT or INPUT/OUTPUT/CACHED_INPUT in US dollars per million tokens, such as 0.25/2/0.025, not "${text}".`,
    );
  }
  return {
    inputNanoUsd: input * NANO_USD_PER_TOKEN,
    outputNanoUsd: output * NANO_USD_PER_TOKEN,
    ...(cached !== undefined && { cachedInputNanoUsd: cached * NANO_USD_PER_TOKEN }),
  };
}
