import { PawlError } from "@pawl/core";
import ipaddr from "ipaddr.js";

/*
 * Which addresses a server may live at. Public means globally routable unicast; everything else (private, loopback,
 * link-local, carrier NAT, multicast, reserved, documentation, and prefixes that smuggle an IPv4 address inside of an
 * IPv6 one) is refused unless configuration allows it.
 */

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Public by number, yet answered by the cloud's own hypervisor inside of every virtual machine. */
const HYPERVISOR = ipaddr.parseCIDR("168.63.129.16/32");
/** All that has been handed out for public IPv6; ranges outside of it are reserved or embed something. */
const GLOBAL_UNICAST_V6 = ipaddr.parseCIDR("2000::/3");

export interface AddressPolicy {
  /** The name of the range that makes an address refused, or `undefined` if it may be connected to. */
  refusedRange(address: string): string | undefined;
  /** Configuration allows this host by name, wherever it is. */
  allowsHost(host: string): boolean;
  /** Configuration allows this address explicitly. */
  allowsAddress(address: string): boolean;
}

/**
 * @param allow addresses (`127.0.0.1`), ranges (`10.0.0.0/8`) and host names (`mcp.internal`)
 * @throws PawlError `mcp_config_invalid` for an entry that is none of these
 */
export function createAddressPolicy(allow: readonly string[]): AddressPolicy {
  const hosts = new Set<string>();
  const ranges: (readonly [Address, number])[] = [];
  for (const entry of allow) {
    const text = entry
      .trim()
      .toLowerCase()
      .replace(/^\[|\]$/g, "");
    if (ipaddr.isValidCIDR(text)) ranges.push(ipaddr.parseCIDR(text));
    else if (isLiteral(text)) {
      const address = parse(text) as Address;
      ranges.push([address, address.kind() === "ipv4" ? 32 : 128]);
    } else if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text) && !text.includes("/")) hosts.add(text);
    else {
      throw new PawlError(
        "mcp_config_invalid",
        `"${entry}" in \`allow\` is no address, range or host name. Examples: 127.0.0.1, 10.0.0.0/8, mcp.internal.`,
      );
    }
  }

  const isAllowed = (address: Address) =>
    ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));

  return {
    allowsHost: (host) => hosts.has(bareHost(host)),
    allowsAddress(text) {
      const address = parse(text);
      return address !== undefined && isAllowed(address);
    },
    refusedRange(text) {
      const address = parse(text);
      if (address === undefined) return "unparseable";
      if (isAllowed(address)) return undefined;
      const range = address.range();
      if (range !== "unicast") return range;
      if (address.kind() === "ipv4") return address.match(HYPERVISOR) ? "hypervisor" : undefined;
      return address.match(GLOBAL_UNICAST_V6) ? undefined : "reserved";
    },
  };
}

/** A host as it stands in a URL, without the brackets of IPv6 and the dot of the root. */
export function bareHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
}

export function isLiteral(host: string): boolean {
  return ipaddr.IPv6.isValid(host) || ipaddr.IPv4.isValidFourPartDecimal(host);
}

/** The address, an IPv4 one also when it is written inside of `::ffff:0:0/96`. */
function parse(text: string): Address | undefined {
  if (!isLiteral(text)) return undefined;
  return ipaddr.process(text);
}
