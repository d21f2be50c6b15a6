import { describe, expect, it } from "vitest";
import { fakeLibrary, FakeTerminal, runFake } from "../../test/fake-cli.ts";
import { AttuneError } from "../base/errors.ts";

async function attune(...argv: string[]) {
  const terminal = new FakeTerminal();
  const code = await runFake(argv, terminal);
  return { code, out: terminal.out, err: terminal.err };
}

const commands = ["train", "evaluate", "predict", "export", "inspect", "doctor"];

describe("the program", () => {
  it("lists its commands", async () => {
    const { code, out, err } = await attune("--help");
    expect([code, err]).toEqual([0, ""]);
    for (const name of commands) expect(out).toMatch(new RegExp(`^  ${name} +\\w`, "m"));
  });

  it("tells its version", async () => {
    expect(await attune("--version")).toEqual({ code: 0, out: "1.2.3\n", err: "" });
  });

  it.each(commands)("%s --help fits 80 columns and has an example", async (name) => {
    const { code, out } = await attune(name, "--help");
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples?:\n(.*\n)*  \\$ .*attune ${name} `));
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await attune("help", name)).toEqual({ code: 0, out, err: "" });
  });

  it("suggests the command that was meant", async () => {
    const { code, out, err } = await attune("trian", "data.csv");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("(Did you mean train?)");
  });

  it("takes no command, a missing and a superfluous argument for wrong usage", async () => {
    expect((await attune()).code).toBe(2);
    expect((await attune("evaluate", "runs/a")).code).toBe(2);
    expect((await attune("export", "runs/a", "runs/b")).code).toBe(2);
  });
});

describe("an error", () => {
  const load = async () => {
    throw new AttuneError("ERR_MODEL_FOLDER", {
      rule: "a model must be a folder",
      found: "no such folder",
      next: "check the path",
    });
  };
  const message = "ERR_MODEL_FOLDER: a model must be a folder; no such folder; check the path";

  it("is its message on standard error, and exit code 1", async () => {
    const terminal = new FakeTerminal();
    expect(await runFake(["evaluate", "runs/a", "test.csv"], terminal, fakeLibrary({ load }))).toBe(1);
    expect([terminal.out, terminal.err]).toEqual(["", `${message}\n`]);
  });

  it("is an object on standard output with --json", async () => {
    const terminal = new FakeTerminal();
    expect(await runFake(["evaluate", "runs/a", "test.csv", "--json"], terminal, fakeLibrary({ load }))).toBe(
      1,
    );
    expect(terminal.json).toEqual([{ error: { code: "ERR_MODEL_FOLDER", message } }]);
    expect(terminal.err).toBe(`${message}\n`);
  });

  it("keeps its code when it has crossed threads", async () => {
    const terminal = new FakeTerminal();
    const revived = async () => {
      throw AttuneError.revive("ERR_SESSION", "ERR_SESSION: no");
    };
    await runFake(["export", "runs/a", "--json"], terminal, fakeLibrary({ load: revived }));
    expect(terminal.json).toEqual([{ error: { code: "ERR_SESSION", message: "ERR_SESSION: no" } }]);
  });

  it("shows its stack with ATTUNE_DEBUG=1 only", async () => {
    const terminal = new FakeTerminal({ env: { ATTUNE_DEBUG: "1" } });
    await runFake(["export", "runs/a"], terminal, fakeLibrary({ load }));
    expect(terminal.err).toContain("program.test.ts");
  });

  it("of no known kind keeps its message too", async () => {
    const terminal = new FakeTerminal();
    const broken = async () => {
      throw new TypeError("x is not a function");
    };
    expect(await runFake(["export", "runs/a", "--json"], terminal, fakeLibrary({ load: broken }))).toBe(1);
    expect(terminal.json).toEqual([{ error: { code: "ERR_UNEXPECTED", message: "x is not a function" } }]);
    expect(terminal.err).toBe("x is not a function\n");
  });
});
