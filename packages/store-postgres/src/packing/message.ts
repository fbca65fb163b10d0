import type { Json, Message } from "@pawl/core";
import { message } from "./conversation.ts";
import type { Beside } from "./packing.ts";

/** A message, as it is stored beside the turn that it came from. */
export function packMessage(value: Message, beside: Beside): unknown {
  return message.pack(value, beside) ?? value;
}

/** @throws Error for what no packing of this version has made */
export function unpackMessage(packed: Json, beside: Beside): Json {
  return message.unpack(packed, beside);
}
