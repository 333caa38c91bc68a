import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { refuse } from "../http.js";

const SCRIPT = "text/javascript; charset=utf-8";
const SCRIPTS: readonly string[] = ["app", "clients", "dom", "faults", "hubs", "live", "messages", "plot"];

interface PageFile {
  readonly file: string;
  readonly type: string;
}

/** Paths that are served: nothing else can be asked for. */
const FILES: ReadonlyMap<string, PageFile> = new Map([
  ["/", { file: "index.html", type: "text/html; charset=utf-8" }],
  ["/page/style.css", { file: "style.css", type: "text/css; charset=utf-8" }],
  ["/page/icon.svg", { file: "icon.svg", type: "image/svg+xml" }],
  ...SCRIPTS.map((name): [string, PageFile] => [`/page/${name}.js`, { file: `${name}.js`, type: SCRIPT }]),
]);

const HEADERS = Object.freeze({
  // Everything comes from here, nothing is inline, and no string becomes markup: whatever clients send stays text.
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cache-Control": "no-cache",
});
const MISSING = Object.freeze({
  status: 500,
  reason: "The files of the emulator's page are not where they should be.",
});

/** The page's files, read once each when they are asked for first. */
export class PageFiles {
  readonly #read = new Map<string, Promise<Buffer>>();

  has(path: string): boolean {
    return FILES.has(path);
  }

  serve(path: string, request: IncomingMessage, response: ServerResponse): void {
    const found = FILES.get(path);
    if (found === undefined) throw new Error(`bug: ${path} is none of the page's files`);
    const { file, type } = found;
    this.#contentOf(file).then(
      (content) => {
        response.writeHead(200, { ...HEADERS, "Content-Type": type, "Content-Length": content.length });
        response.end(request.method === "HEAD" ? undefined : content);
      },
      () => {
        this.#read.delete(file);
        refuse(response, MISSING);
      },
    );
  }

  #contentOf(file: string): Promise<Buffer> {
    let content = this.#read.get(file);
    if (content === undefined) {
      content = readFile(new URL(`./public/${file}`, import.meta.url));
      this.#read.set(file, content);
    }
    return content;
  }
}
