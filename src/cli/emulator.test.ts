import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeCertificate } from "../../test/support/certificate.js";
import { ScriptedServer } from "../../test/support/emulator-peers.js";
import { type Emulator, startEmulator } from "../emulator/index.js";
import { runCli } from "./program.js";

const certificate = makeCertificate("the emulator's https on a command line");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/emulator-cli-`);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command line in an environment without settings; `interrupt` is Ctrl-C. */
function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const interruption = new AbortController();
  const written = { out: "", err: "" };
  let wakes: Array<() => void> = [];
  const add = (stream: "out" | "err") => (text: string) => {
    written[stream] += text;
    for (const wake of wakes.splice(0)) wake();
  };
  const code = runCli(["emulator", ...args], {
    out: add("out"),
    err: add("err"),
    interrupted: interruption.signal,
    environment,
  });
  const printed = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(written.out + written.err);
      if (match !== null) return match;
      await new Promise<void>((resolve) => {
        wakes = [...wakes, resolve];
      });
    }
  };
  return { code, written, printed, interrupt: () => interruption.abort() };
}

async function outputOf(...args: string[]): Promise<string> {
  const { code, written } = run(args);
  expect([await code, written.err]).toEqual([0, ""]);
  return written.out;
}

async function complaintOf(...args: string[]): Promise<string> {
  const { code, written } = run(args);
  expect([await code, written.out]).toEqual([1, ""]);
  expect(written.err.trimEnd().split("\n")).toHaveLength(1);
  return written.err;
}

describe("emulator init", () => {
  test("writes settings that say what the official emulator's say, into a folder that it makes", async () => {
    const target = `${folder}/new/deep`;
    expect(await outputOf("init", "-o", target)).toContain(`${target}/settings.json was written.`);
    expect(JSON.parse(readFileSync(`${target}/settings.json`, "utf8"))).toEqual({
      UpstreamSettings: {
        Templates: [
          {
            UrlTemplate: "http://localhost:7071/runtime/webhooks/signalr",
            EventPattern: "*",
            HubPattern: "*",
            CategoryPattern: "*",
          },
        ],
      },
    });
    expect(await outputOf("upstream", "list", "-c", target)).toContain(
      "  1. http://localhost:7071/runtime/webhooks/signalr\n     hub *, category *, event *\n",
    );
  });

  test("overwrites nothing unless it is told to", async () => {
    const file = `${folder}/settings.json`;
    writeFileSync(file, "mine");
    expect(await complaintOf("init", "-o", folder)).toBe(`error: ${file} is there already; --force overwrites it.\n`);
    expect(readFileSync(file, "utf8")).toBe("mine");
    await outputOf("upstream", "init", "--output", folder, "--force");
    expect(readFileSync(file, "utf8")).toContain("UpstreamSettings");
    rmSync(file);
    expect(await complaintOf("init", "-o", "/dev/null/x")).toContain("cannot be written");
  });
});

describe("emulator upstream list", () => {
  const list = async (text: string, environment = {}) => {
    const file = `${folder}/list.json`;
    writeFileSync(file, text);
    const { code, written } = run(["upstream", "list", "--config", file], environment);
    return [await code, written.out.split("\n").slice(1).join("\n") + written.err];
  };

  test("shows what counts: the file, and the environment over it", async () => {
    const text = `\ufeff{ // as .NET reads it
      "upstreamsettings": { "TEMPLATES": [
        { "urltemplate": "http://one/{hub}?code=secret&x=1", "HubPattern": null, "EventPattern": "", "CategoryPattern": "messages" },
        { "UrlTemplate": "http://two/", "Auth": { "Type": "ManagedIdentity", "ManagedIdentity": { "Resource": "r" } } },
      ] }
    }`;
    const environment = {
      UpstreamSettings__Templates__1__UrlTemplate: "http://two-b/",
      upstreamsettings__templates__2__urltemplate: "http://three/",
      UpstreamSettings__Templates__2__HubPattern: "chat",
      UpstreamSettings__Else: "nothing",
    };
    expect(await list(text, environment)).toEqual([
      0,
      `  1. http://one/{hub}?code=...&x=1
     hub (none), category messages, event (empty)
  2. http://two-b/
     hub *, category *, event *
     its managed identity is ignored here
  3. http://three/
     hub chat, category *, event *
`,
    ]);
  });

  test.each([
    ["{", `list.json is not valid JSON at line 1, column 2: expected a name in quotes, or "}".`],
    ['{"UpstreamSettings":{"Templates":{}}}', "UpstreamSettings.Templates has to be a list, [ ... ]."],
    ['{"UpstreamSettings":{"Templates":[{}]}}', "upstream template 1 has no urlTemplate"],
    ['{"UpstreamSettings":{"Templates":[5]}}', "upstream template 1 has no urlTemplate"],
  ])("says in one sentence what is wrong with %s", async (text, message) => {
    const [code, written] = await list(text);
    expect(code).toBe(1);
    expect(written).toContain(message);
  });

  test("takes settings without templates for none, and misses only a file that was named", async () => {
    for (const text of ["{}", "[]", '{"UpstreamSettings":{"Templates":null}}']) {
      expect(await list(text)).toEqual([0, "  none: events of clients go nowhere\n"]);
    }
    expect(await complaintOf("upstream", "list", "-c", `${folder}/absent.json`)).toBe(
      `error: There is no settings file ${folder}/absent.json. Write one with: azure-signalr emulator init\n`,
    );
  });
});

describe("emulator start", () => {
  test("takes the settings file, and its changes, but none that make no sense", async () => {
    const file = `${folder}/settings.json`;
    await outputOf("init", "-o", folder);
    const command = run(["start", "-p", "0", "-c", folder, "--mode", "serverless"]);
    const [, port] = await command.printed(/Port=(\d+);.*Press Ctrl-C/s);
    expect(command.written.out).toContain(`mode serverless, listening on http://localhost:${port}`);
    expect(command.written.out).toContain(`Upstream settings (${file}):\n  1. http://localhost:7071/`);
    writeFileSync(file, '{"UpstreamSettings":{"Templates":[{}]}}');
    await command.printed(/error: upstream template 1 has no urlTemplate.* The upstream settings stay as they were\./);
    writeFileSync(file, '{"UpstreamSettings":{"Templates":[{"UrlTemplate":"http://changed/"}]}}');
    await command.printed(/The upstream settings have changed\.\n {2}1\. http:\/\/changed\//);
    command.interrupt();
    expect(await command.code).toBe(0);
    rmSync(file);
  });

  test.skipIf(certificate === undefined)("serves https with a certificate, which status asks over https", async () => {
    const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    writeFileSync(cert, certificate?.cert ?? "");
    writeFileSync(key, certificate?.key ?? "");
    const command = run(["start", "-p", "0", "--cert", cert, "--cert-key", key, "--entra", "--log-level", "silent"]);
    const [, port] = await command.printed(/Endpoint=https:\/\/localhost;Port=(\d+);.*Press Ctrl-C/s);
    expect(command.written.out).toContain(`Endpoint=https://localhost:${port};AuthType=azure`);
    const status = await new Promise((resolve, reject) => {
      const options = { ca: readFileSync(cert), servername: "localhost", agent: false };
      request(`https://localhost:${port}/api/health`, options, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(200);
    // The certificate is nobody's that this process trusts.
    expect(await complaintOf("status", "-p", String(port), "--https")).toMatch(/No emulator answers at .*SELF_SIGNED/);
    command.interrupt();
    expect(await command.code).toBe(0);
  });

  test.each([
    [["--mode", "classic"], "Allowed choices are default, serverless, both."],
    [["--instances", "0"], "Give a whole number from 1 to 100."],
    [["--log-level", "loud"], "Allowed choices are trace, debug, info, warn, error, silent."],
    [["--cert", "cert.pem"], "--cert and --cert-key belong together"],
    [["--cert", "/absent.pem", "--cert-key", "/absent.pem"], "/absent.pem cannot be read (ENOENT)."],
    [["--config", "/absent.json"], "There is no settings file /absent.json."],
  ])("refuses %j", async (flags, text) => {
    expect(await complaintOf("start", "-p", "0", ...flags)).toContain(text);
  });

  test("refuses files that hold no certificate", async () => {
    const file = `${folder}/no.pem`;
    writeFileSync(file, "no certificate");
    expect(await complaintOf("start", "-p", "0", "--cert", file, "--cert-key", file)).toContain(
      "tls needs a certificate and its key in PEM form",
    );
  });
});

describe("emulator status", () => {
  let emulator: Emulator;

  beforeAll(async () => {
    emulator = await startEmulator({ port: 0, instances: 2, upstream: [{ urlTemplate: "http://localhost/" }] });
  });

  afterAll(() => emulator.stop());

  test("counts what is connected", async () => {
    const address = `at http://localhost:${emulator.port} is healthy: mode both, 2 instances, 1 upstream template.`;
    const idle = await outputOf("status", "--port", String(emulator.port));
    expect(idle).toContain(`${address}\n  no hubs: nobody is connected\n`);
    const server = await ScriptedServer.connect(emulator);
    expect(await outputOf("status", "-p", String(emulator.port))).toContain(
      "\n  chat: 1 server, 0 clients, 0 users, 0 groups\n",
    );
    const json = await outputOf("status", "-p", String(emulator.port), "--host", "localhost", "--json");
    expect(JSON.parse(json)).toMatchObject({ mode: "both", hubs: [{ name: "chat" }], upstreamTemplates: 1 });
    await server.close();
  });

  test("says what is wrong", async () => {
    const port = String(emulator.port);
    expect(await complaintOf("status", "-p", "9", "-i", "127.0.0.1")).toBe(
      "error: No emulator answers at http://127.0.0.1:9 (ECONNREFUSED). Start one, or name its address.\n",
    );
    expect(await complaintOf("status", "-p", port, "--key", "0123456789".repeat(4))).toBe(
      `error: The emulator at http://localhost:${port} has another access key: name it.\n`,
    );
    const stranger = await fetch(`${emulator.url}/emulator/status`);
    expect(stranger.status).toBe(401);
  });
});
