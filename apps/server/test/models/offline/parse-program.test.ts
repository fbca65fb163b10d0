import { describe, expect, it } from "vitest";
import { parseProgram } from "../../../src/models/offline/parse-program.ts";

/** `tool(key=text, key="quoted")`, calls of a step joined by ` & `, steps by ` > `; mistakes and talk by name. */
function shape(prompt: string): string {
  const parsed = parseProgram(prompt);
  if (parsed.type !== "program") return parsed.type;
  return parsed.steps
    .map((step) =>
      step
        .map(
          (call) =>
            `${call.tool}(${call.args.map((a) => `${a.key}=${a.quoted ? JSON.stringify(a.text) : a.text}`).join(", ")})`,
        )
        .join(" & "),
    )
    .join(" > ");
}

describe("a program of calls", () => {
  it.each([
    ["call now", "now()"],
    ["  CALL now ", "now()"],
    ["call echo with message=hello", "echo(message=hello)"],
    ['call echo with message="two words"', 'echo(message="two words")'],
    ["call echo with message='two words' n=1", 'echo(message="two words", n=1)'],
    [
      "call get-sum with a=17 b=25 then call echo with message=done",
      "get-sum(a=17, b=25) > echo(message=done)",
    ],
    ["call a and call b then call c and call d", "a() & b() > c() & d()"],
    ["call a with x=1 and b with y=2 then c with z=3", "a(x=1) & b(y=2) > c(z=3)"],
    [
      "call get-sum with a=17, b=25, then call echo with message=done",
      "get-sum(a=17, b=25) > echo(message=done)",
    ],
    ['call echo with message="a and b then c"', 'echo(message="a and b then c")'],
    ["call echo with message=and then call echo with message=then", "echo(message=and) > echo(message=then)"],
    ['call "call" with x=1', "call(x=1)"],
    ["call echo\n  with message=hi\nthen\tcall now", "echo(message=hi) > now()"],
    ["call echo with message=don't", "echo(message=don't)"],
    ["call echo with message=a=b", "echo(message=a=b)"],
    ["call echo with message=", "echo(message=)"],
    ["call echo with message=hello,", "echo(message=hello,)"],
  ])("reads %s", (prompt, expected) => {
    expect(shape(prompt)).toBe(expected);
  });

  it.each([
    [String.raw`call e with m="say \"hi\""`, 'say "hi"'],
    [String.raw`call e with m='it\'s'`, "it's"],
    [String.raw`call e with m="a\nb\tc\\d"`, "a\nb\tc\\d"],
    [String.raw`call e with m="\u00e9\u20AC"`, "é€"],
    [String.raw`call e with m="C:\dir\u12"`, String.raw`C:\dir\u12`],
    [String.raw`call e with m=C:\new`, String.raw`C:\new`],
    [`call e with m={"a": "x } y", "b": [1, 2]}`, `{"a": "x } y", "b": [1, 2]}`],
    [String.raw`call e with m={"a": "x \" } y"} n=1`, String.raw`{"a": "x \" } y"}`],
    ["call e with m=[1, [2, 3]], n=1", "[1, [2, 3]]"],
    ["call e with m=[draft", "[draft"],
    ['call e with m=""', ""],
  ])("reads the value of %s", (prompt, text) => {
    const parsed = parseProgram(prompt);
    expect(parsed.type === "program" && parsed.steps[0]?.[0]?.args[0]?.text).toBe(text);
  });

  it.each(["hello", "", "please call echo with message=hi", "callback", "recall this"])(
    "takes %j as talk",
    (prompt) => {
      expect(parseProgram(prompt).type).toBe("talk");
    },
  );

  it.each([
    ["call", /comes the name of a tool, but nothing follows/],
    ["call me when you are done", /did not expect "when".*`and` or `then`/],
    ["call echo with", /at least one key=value/],
    ["call echo with hello", /at least one key=value/],
    ["call echo message=hi", /"message=hi".*after the word `with`/],
    ["call echo with message=hello world", /did not expect "world".*quotes/],
    ['call echo with message="hello', /never closed/],
    ['call echo with message="a"b', /right after the closing quote/],
    ["call echo then", /nothing follows/],
    ["call echo then now", /I found "now"/],
    ["call echo and and call now", /I found "and"/],
    ["call echo with a=1 a=2", /a of echo is given twice/],
    ['call a "then" call b', /did not expect "then"/],
    ['call a "with" x=1', /did not expect "with"/],
    ["call a=1", /I found "a=1"/],
  ])("says what is wrong with %j", (prompt, message) => {
    const parsed = parseProgram(prompt);
    expect(parsed.type === "mistake" && parsed.message).toMatch(message);
  });
});
