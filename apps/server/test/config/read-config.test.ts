import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { effectiveConfig, readConfig } from "../../src/index.ts";

const SECRET = `k2:${Buffer.alloc(32, 1).toString("base64")},k1:${Buffer.alloc(48, 2).toString("base64")}`;

describe("the configuration", () => {
  it("has defaults that keep to this machine", () => {
    const config = readConfig({ env: {} });
    expect(config).toMatchObject({ port: 4380, host: "127.0.0.1", dataDir: resolve(".pawl") });
    expect(config).toMatchObject({ allowMcpCommands: false, logLevel: "info", databaseUrl: undefined });
    expect(config.warnings).toEqual([]);
  });

  it("takes a flag before the environment, and an empty variable as none", () => {
    const env = { PAWL_PORT: "1", PAWL_HOST: "", DATABASE_URL: "" };
    const config = readConfig({ env, flags: { PAWL_PORT: "2" } });
    expect([config.port, config.host, config.databaseUrl]).toEqual([2, "127.0.0.1", undefined]);
    expect(config.origins).toMatchObject({ PAWL_PORT: "flag", PAWL_HOST: "default" });
  });

  it("reads signing keys, the first of which signs", () => {
    const keys = readConfig({ env: { PAWL_SECRET: SECRET } }).signingKeys;
    expect(keys?.map(({ id, secret }) => [id, secret.length])).toEqual([
      ["k2", 32],
      ["k1", 48],
    ]);
  });

  it("lists everything that is wrong at once, by the name that the user typed, and shows no value", () => {
    const env = {
      PAWL_HOST: "not a host",
      PAWL_TOKEN: "hunter2",
      PAWL_SECRET: "k1:c2hvcnQ=",
      DATABASE_URL: "mysql://root:hunter2@x/y",
      PAWL_LOG_LEVEL: "loud",
    };
    const read = () => readConfig({ env, flags: { PAWL_PORT: "70000" } });
    expect(read).toThrow(expect.objectContaining({ code: "config_invalid" }));
    let message = "";
    try {
      read();
    } catch (error) {
      message = (error as Error).message;
    }
    for (const name of [
      "--port",
      "PAWL_HOST",
      "PAWL_TOKEN",
      "PAWL_SECRET",
      "DATABASE_URL",
      "PAWL_LOG_LEVEL",
    ]) {
      expect(message).toMatch(new RegExp(`^  ${name} must`, "m"));
    }
    expect(message).not.toContain("hunter2");
    expect(message).not.toContain("c2hvcnQ");
  });

  it.each([
    "k1",
    "k1:!!!",
    ":aaaa",
    `k1:${Buffer.alloc(31).toString("base64")}`,
    `${SECRET},k1:${Buffer.alloc(32).toString("base64")}`,
  ])("refuses the signing keys %s", (PAWL_SECRET) => {
    expect(() => readConfig({ env: { PAWL_SECRET } })).toThrow(/PAWL_SECRET must/);
  });

  it("warns of a variable that means nothing", () => {
    const { warnings } = readConfig({ env: { PAWL_PROT: "1", PAWL_TEST_X: "1", OTHER: "1" } });
    expect(warnings).toEqual([expect.stringContaining("PAWL_PROT")]);
  });
});

describe("the effective configuration", () => {
  it("shows what is in force and where it comes from, and no secret", () => {
    const env = {
      PAWL_TOKEN: "super-secret-token-1234",
      PAWL_SECRET: SECRET,
      DATABASE_URL: "postgres://user:geheim@db:5432/agents?password=geheim2",
      OPENAI_API_KEY: "sk-geheim3",
      PAWL_MODEL_BASE_URL: "https://user:geheim4@host/v1",
    };
    const values = effectiveConfig(readConfig({ env, flags: { PAWL_DATA_DIR: "/data" } }));
    const by = new Map(values.map((value) => [value.name, value]));
    expect(by.get("PAWL_PORT")).toMatchObject({ value: "4380", origin: "default" });
    expect(by.get("PAWL_DATA_DIR")).toMatchObject({ value: "/data", origin: "flag" });
    expect(by.get("DATABASE_URL")?.value).toBe("postgres://user:***@db:5432/agents?***");
    expect(by.get("OPENAI_API_KEY")).toMatchObject({ value: "(hidden)", origin: "environment" });
    expect(by.get("ANTHROPIC_API_KEY")?.value).toBeNull();
    const shown = JSON.stringify(values);
    for (const secret of ["super-secret", "geheim", "sk-", "AQEB"]) expect(shown).not.toContain(secret);
  });
});
