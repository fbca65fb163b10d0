import { describe, expect, test } from "vitest";
import { createAddressPolicy } from "../src/egress/address-policy.ts";

const nothing = createAddressPolicy([]);

describe("refused unless configuration allows it", () => {
  test.each([
    ["unspecified", "0.0.0.0"],
    ["the rest of 0/8", "0.1.2.3"],
    ["loopback", "127.0.0.1"],
    ["all of loopback", "127.255.0.9"],
    ["private 10/8", "10.1.2.3"],
    ["private 172.16/12", "172.31.255.255"],
    ["private 192.168/16", "192.168.0.1"],
    ["link-local, where clouds keep metadata", "169.254.169.254"],
    ["carrier NAT", "100.64.0.1"],
    ["carrier NAT, where one cloud keeps metadata", "100.100.100.200"],
    ["IETF assignments", "192.0.0.192"],
    ["documentation", "192.0.2.1"],
    ["documentation", "198.51.100.1"],
    ["documentation", "203.0.113.1"],
    ["benchmarking", "198.18.0.1"],
    ["6to4 relays", "192.88.99.1"],
    ["multicast", "224.0.0.1"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["the hypervisor of a cloud", "168.63.129.16"],
    ["unspecified v6", "::"],
    ["loopback v6", "::1"],
    ["v4 inside of v6", "::ffff:127.0.0.1"],
    ["v4 inside of v6, as hex", "::ffff:7f00:1"],
    ["v4-compatible", "::127.0.0.1"],
    ["unique local", "fd00:ec2::254"],
    ["link-local v6", "fe80::1"],
    ["link-local v6 with a zone", "fe80::1%eth0"],
    ["site-local", "fec0::1"],
    ["multicast v6", "ff02::1"],
    ["NAT64", "64:ff9b::7f00:1"],
    ["local NAT64", "64:ff9b:1::a00:1"],
    ["6to4", "2002:7f00:1::"],
    ["teredo", "2001::1"],
    ["documentation v6", "2001:db8::1"],
    ["documentation v6", "3fff::1"],
    ["discard", "100::1"],
    ["what nobody was given", "4000::1"],
    ["not an address", "localhost"],
    ["octal in disguise", "0177.0.0.1"],
  ])("%s (%s)", (_, address) => {
    expect(nothing.refusedRange(address)).toBeDefined();
  });
});

test.each(["93.184.216.34", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"])(
  "public: %s",
  (address) => {
    expect(nothing.refusedRange(address)).toBeUndefined();
  },
);

test("configuration allows addresses, ranges and names, and nothing beside them", () => {
  const policy = createAddressPolicy(["127.0.0.1", "10.1.0.0/16", "[fd00::1]", "mcp.internal"]);
  expect(policy.refusedRange("127.0.0.1")).toBeUndefined();
  expect(policy.refusedRange("::ffff:127.0.0.1")).toBeUndefined();
  expect(policy.refusedRange("127.0.0.2")).toBe("loopback");
  expect(policy.refusedRange("10.1.255.1")).toBeUndefined();
  expect(policy.refusedRange("10.2.0.1")).toBe("private");
  expect(policy.refusedRange("fd00::1")).toBeUndefined();
  expect(policy.allowsHost("MCP.internal.")).toBe(true);
  expect(policy.allowsHost("evil.mcp.internal")).toBe(false);
});

test.each(["http://a", "10.0.0.0/99", "", "a b", "*.example"])(
  "an entry that is nothing of these is refused: %j",
  (entry) => {
    expect(() => createAddressPolicy([entry])).toThrow(
      expect.objectContaining({ code: "mcp_config_invalid" }),
    );
  },
);
