import { spawn } from "node:child_process";

/** A Bicep compiler that is asked by JSON-RPC, because starting it takes longer than most of what it does. */
export interface BicepCompiler {
  call(method: "bicep/compile" | "bicep/format", path: string): Promise<Readonly<Record<string, unknown>>>;
  end(): void;
}

interface Answer {
  readonly id: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** Starts the compiler; it ends with `end`, and fails every open call when it ends by itself. */
export function startBicep(compiler: string): BicepCompiler {
  const child = spawn(compiler, ["jsonrpc", "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = new Map<number, { resolve(result: Answer["result"]): void; reject(error: Error): void }>();
  let received = Buffer.alloc(0);
  let calls = 0;
  child.stdout.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    for (;;) {
      const headerEnd = received.indexOf("\r\n\r\n");
      const length = Number(/content-length: *(\d+)/i.exec(received.toString("latin1", 0, headerEnd))?.[1]);
      const end = headerEnd + 4 + length;
      if (headerEnd < 0 || received.length < end) return;
      const { id, result, error } = JSON.parse(received.toString("utf8", headerEnd + 4, end)) as Answer;
      received = received.subarray(end);
      if (error === undefined) waiting.get(id)?.resolve(result);
      else waiting.get(id)?.reject(new Error(error.message));
      waiting.delete(id);
    }
  });
  child.once("close", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the compiler has ended with code ${code}`));
  });
  return {
    call: (method, path) =>
      new Promise((resolve, reject) => {
        calls += 1;
        waiting.set(calls, { resolve: (result) => resolve(result ?? {}), reject });
        const body = JSON.stringify({ jsonrpc: "2.0", id: calls, method, params: { path } });
        child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      }),
    end: () => child.kill(),
  };
}
