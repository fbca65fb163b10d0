import { PawlError } from "@pawl/core";

/*
 * Codes of this package:
 * mcp_config_invalid       a server's configuration makes no sense
 * mcp_command_invalid      a command line cannot be parsed or needs a shell
 * mcp_command_not_found    the program of a stdio server does not exist
 * mcp_server_unavailable   no connection to a server could be made
 * mcp_server_timeout       a server did not answer in time
 * mcp_message_too_large    a server sent more in one message than is accepted
 * mcp_server_flooding      a server sent more messages than anybody could have asked for
 * mcp_connection_lost      a connection ended while something was waiting for an answer
 * mcp_auth_required        a server refused our credential, or there was none
 * mcp_principal_changed    the auth provider answered for somebody else in the middle of a session
 * mcp_egress_refused       an address, scheme or redirect that a server must not send us to
 * mcp_protocol_error       a server answered what the protocol does not know
 * mcp_tool_failed          a tool answered that it failed
 * mcp_tool_unknown         no tool of that name is in this toolbox
 * mcp_tool_changed         a tool is no longer what the turn was shown
 * mcp_tool_gone            a tool that the turn was shown is no longer there
 * mcp_input_invalid        the arguments are not a JSON object
 * mcp_output_invalid       a tool ran, but its answer does not match its own schema
 * mcp_closed               the host closed its MCP connections
 * mcp_discovery_timeout    (of mcp-cache) a list of tools did not arrive in time
 * mcp_discovery_aborted    (of mcp-cache) whoever waited for a list stopped waiting
 *
 * Problems, which are reported and stop nothing:
 * mcp_tool_schema_invalid  a tool was left out, because its description cannot be used
 * mcp_stray_output         a server prints to its standard output what is no message
 * mcp_no_tools             a server says that it offers no tools
 */

type Options = ConstructorParameters<typeof PawlError>[2];

/** A connection ended. `sent` is false only if the server certainly has not seen the request. */
export class ConnectionLost extends PawlError {
  readonly sent: boolean;

  constructor(message: string, sent: boolean, cause?: unknown) {
    super("mcp_connection_lost", message, { blame: "peer", cause });
    this.sent = sent;
  }
}

/** A failure for which the server is to blame. */
export function peerError(code: string, message: string, options: Options = {}): PawlError {
  return new PawlError(code, message, { blame: "peer", ...options });
}

/** Trying again cannot help: the configuration has to change first. */
export function isPermanent(error: unknown): boolean {
  return (
    error instanceof PawlError &&
    ["mcp_command_not_found", "mcp_auth_required", "mcp_egress_refused", "mcp_closed"].includes(error.code)
  );
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** JSON-RPC's "invalid params": what the protocol asks a server to answer to a page cursor that means nothing to it. */
const INVALID_PARAMS = -32602;

export function isInvalidCursor(error: unknown): boolean {
  return (
    error instanceof PawlError &&
    error.code === "mcp_protocol_error" &&
    error.details.rpcCode === INVALID_PARAMS
  );
}

/** Nobody heard from the server for as long as it was given. */
export function isSilence(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    (error.code === "mcp_server_timeout" || error.code === "mcp_discovery_timeout")
  );
}
