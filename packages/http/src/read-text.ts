import { httpError } from "./errors.ts";

/** The request's body as text, at most so many bytes of it. @throws PawlError `body_too_large`, `body_invalid` */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = () =>
    httpError("body_too_large", `The body is too large. At most ${maxBytes} bytes are read.`);
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge();
  if (request.body === null) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let bytes = 0;
  let text = "";
  try {
    for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge();
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (cause) {
    if (cause instanceof TypeError) throw httpError("body_invalid", "The body is not UTF-8 text.", cause);
    throw cause;
  }
}
