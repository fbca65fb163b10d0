import type { ToolSet } from "@pawl/core";
import { createHost, type Host, type HostOptions } from "@pawl/host";
import { afterEach } from "vitest";

const hosts: Host[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop({ drainMs: 50 });
});

/** A host that is stopped after its test. */
export function testHost<Tools extends ToolSet = ToolSet>(options: HostOptions<never, Tools>): Host {
  const host = createHost(options);
  hosts.push(host);
  return host;
}
