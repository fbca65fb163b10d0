import { describe, expect, it } from "vitest";
import { pawl } from "./pawl-process.ts";

const COMMANDS = [
  "serve",
  "run",
  "watch",
  "cancel",
  "sessions",
  "turns",
  "turn",
  "verify",
  "replay",
  "export",
  "fork",
  "waits",
  "answer",
  "approvals",
  "mcp",
  "config",
  "chat",
  "submit",
  "jobs",
  "grant",
  "tasks",
  "nodes",
  "session",
  "token",
  "keys",
  "prune",
  "erase",
  "migrate",
  "doctor",
  "completion",
];
const NESTED = [
  "turn show",
  ...["list", "show", "cancel"].map((verb) => `jobs ${verb}`),
  ...["list", "pause", "resume", "drain"].map((verb) => `nodes ${verb}`),
  ...["list", "rotate", "drop"].map((verb) => `keys ${verb}`),
  ...["create", "list", "revoke"].map((verb) => `token ${verb}`),
  ...["retire", "stop", "destroy", "pause", "resume"].map((verb) => `session ${verb}`),
  ...["link", "receipt", "key", "verify"].map((verb) => `approvals ${verb}`),
  ...["list", "show", "start", "signal", "cancel", "await"].map((verb) => `tasks ${verb}`),
  "mcp list",
  "mcp diff",
  "waits list",
  ...["list", "show", "approve", "deny", "edit"].map((verb) => `approvals ${verb}`),
];

describe("help", () => {
  it("names every command, and how the process ends", async () => {
    const { code, stdout, stderr } = await pawl(["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    for (const exit of ["0 ", "1 ", "2 ", "3 ", "130"]) expect(stdout).toContain(`\n  ${exit}`);
  });

  it.each([...COMMANDS, ...NESTED])("of %s has examples that begin with the command", async (command) => {
    const { code, stdout } = await pawl([...command.split(" "), "--help"]);
    expect(code).toBe(0);
    const examples = stdout.slice(stdout.indexOf("Examples:"));
    expect(examples).toContain(`pawl ${command}`);
  });

  it("prints the version alone", async () => {
    const { code, stdout } = await pawl(["--version"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });
});

describe("a wrong command line ends with 2 and a sentence on stderr", () => {
  it.each([
    [["nope"], "unknown command 'nope'"],
    [["run"], "missing required argument 'prompt'"],
    [["run", "  "], "prompt is empty"],
    [["run", "-"], "Nothing came on stdin"],
    [["run", "x", "--timeout", "soon"], "number of seconds"],
    [["run", "x", "--mcp", " "], "It is empty"],
    [["run", "x", "--json", "--quiet"], "cannot be used with"],
    [["run", "x", "--serv", "y"], "unknown option '--serv'"],
    [["run", "x", "--server", "nowhere"], "--server must be an address"],
    [["watch"], "missing required argument 'turn|job|session'"],
    [["cancel"], "missing required argument 'turn|job'"],
    [["grant", "turn_1"], "(usage)"],
    [["grant", "turn_1", "--usd", "0"], "an amount above 0"],
    [["jobs", "nope"], "too many arguments"],
    [["nodes", "drain"], "missing required argument 'node'"],
    [["keys", "drop"], "missing required argument 'key'"],
    [["keys", "--server", "http://x"], "(server_unsupported)"],
    [["token", "list", "--server", "http://x"], "(server_unsupported)"],
    [["migrate", "--server", "http://x"], "(server_unsupported)"],
    [["config", "--server", "http://x"], "(server_unsupported)"],
    [["serve", "--port", "seventy"], "--port must be a port number"],
    [["serve", "here"], "too many arguments"],
    [["config", "--data-dir"], "argument missing"],
  ])("pawl %j", async (args, sentence) => {
    const { code, stdout, stderr } = await pawl(args);
    const inJson = args.includes("--json") ? { type: "error", code: "usage" } : undefined;
    expect([code, stdout === "" ? undefined : JSON.parse(stdout)]).toMatchObject([2, inJson]);
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^pawl: /);
    expect(stderr).toMatch(/ \([a-z_]+\)$/m);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("says everything that is wrong with the environment at once", async () => {
    const env = { PAWL_PORT: "x", PAWL_TOKEN: "short", DATABASE_URL: "mysql://geheim@x/y" };
    for (const args of [["serve"], ["run", "x"], ["config"]]) {
      const { code, stderr } = await pawl(args, { env });
      expect(code).toBe(2);
      for (const name of Object.keys(env)) expect(stderr).toContain(`  ${name} must`);
      expect(stderr).not.toContain("geheim");
    }
  });
});

describe("pawl config", () => {
  it("prints what is in force, without secrets, for people and as JSON", async () => {
    const env = {
      PAWL_TOKEN: "a-token-of-some-length",
      DATABASE_URL: "postgres://u:geheim@db/x",
      PAWL_PROT: "1",
    };
    const text = await pawl(["config", "--data-dir", "/data"], { env });
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/^PAWL_PORT +4380 {2}\(default\)$/m);
    expect(text.stdout).toMatch(/^PAWL_DATA_DIR +\/data {2}\(flag\)$/m);
    expect(text.stdout).toMatch(/^DATABASE_URL +postgres:\/\/u:\*\*\*@db\/x {2}\(environment\)$/m);
    expect(text.stderr).toContain("PAWL_PROT");
    const json = JSON.parse((await pawl(["config", "--json"], { env })).stdout);
    expect(json.PAWL_TOKEN).toEqual({ value: "(hidden)", origin: "environment" });
    expect(json.PAWL_PORT).toEqual({ value: "4380", origin: "default" });
    expect(text.stdout + JSON.stringify(json)).not.toMatch(/geheim|a-token/);
  });
});
