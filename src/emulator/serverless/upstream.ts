import { toError } from "../../base/errors.js";
import type { Probe } from "../../base/probe.js";
import type { Secret } from "../../base/secret.js";
import type { Poster, PostResult } from "./http-post.js";
import { type UpstreamEvent, upstreamHeaders } from "./upstream-request.js";
import {
  checkTemplates,
  type UpstreamEventName,
  type UpstreamRule,
  type UpstreamTemplate,
} from "./upstream-template.js";

/** What a client is told about its call. */
export type UpstreamAnswer =
  /** The receiver's own words, perhaps none. */
  { readonly kind: "body"; readonly body: Buffer } | { readonly kind: "error"; readonly text: string };

export interface UpstreamInput {
  readonly templates: readonly UpstreamTemplate[];
  readonly poster: Poster;
  readonly key: Secret;
  readonly probe: Probe;
}

// What the service makes of a receiver that cannot be reached.
const UNREACHABLE_STATUS = 500;
const EMPTY = Buffer.alloc(0);

/** The webhooks behind the clients of Serverless hubs. */
export class Upstream {
  readonly #input: UpstreamInput;
  #rules: readonly UpstreamRule[];

  /** @throws SignalRError CONFIG_INVALID for a template that makes no sense */
  constructor(input: UpstreamInput) {
    this.#input = input;
    this.#rules = checkTemplates(input.templates);
    this.#warnOfIdentities();
  }

  get templates(): readonly UpstreamTemplate[] {
    return this.#rules.map(({ template }) => template);
  }

  /** Whether there is any template at all. */
  get isConfigured(): boolean {
    return this.#rules.length > 0;
  }

  /**
   * New templates, for events from now on.
   * @throws SignalRError CONFIG_INVALID for a template that makes no sense; then the old ones stay
   */
  replace(templates: readonly UpstreamTemplate[]): void {
    this.#rules = checkTemplates(templates);
    this.#warnOfIdentities();
  }

  /** The first rule for an event; undefined: nobody wants it. */
  find(name: UpstreamEventName): UpstreamRule | undefined {
    return this.#rules.find((rule) => rule.matches(name));
  }

  /** Never rejects. */
  async send(rule: UpstreamRule, event: UpstreamEvent): Promise<UpstreamAnswer> {
    let url: URL;
    try {
      url = rule.url(event);
    } catch (error) {
      // Only with what this hub or event put into it.
      this.#report(event, "its URL cannot be used", toError(error));
      return failure(`error: ${toError(error).message}`);
    }
    const result = await this.#input.poster.post(url, upstreamHeaders(event, this.#input.key), event.body);
    return this.#judge(result, event, url);
  }

  stop(): void {
    this.#input.poster.stop();
  }

  #judge(result: PostResult, event: UpstreamEvent, url: URL): UpstreamAnswer {
    const where = `${url.origin}${url.pathname}`;
    switch (result.kind) {
      case "answer":
        if (result.status === 200) return { kind: "body", body: result.body };
        if (result.status === 204) return { kind: "body", body: EMPTY };
        this.#report(event, `${where} answered with ${result.status}`);
        return failure(`status code ${result.status}`);
      case "tooLarge":
        this.#report(event, `the answer of ${where} is too large`);
        return failure("response too large.");
      case "broken":
        this.#report(event, `the answer of ${where} broke off`, result.error);
        return failure(`error: ${result.error.message}`);
      case "failed":
        this.#report(event, `${where} could not be reached`, result.error);
        return failure(`status code ${UNREACHABLE_STATUS}`);
    }
  }

  #warnOfIdentities(): void {
    const ignoring = this.#rules.flatMap((rule, index) => (rule.ignoresIdentity ? [String(index + 1)] : []));
    if (ignoring.length === 0) return;
    const message =
      `Upstream requests carry no token of a managed identity here: ` +
      `the auth of template ${ignoring.join(", ")} is ignored.`;
    this.#log("UpstreamAuthIgnored", message, {});
  }

  #report({ hub, event, source }: UpstreamEvent, problem: string, error?: Error): void {
    const detail = error === undefined ? "" : `: ${error.message}`;
    const message = `Upstream event '${event}' of hub '${hub}' failed: ${problem}${detail}.`.replace(/\.\.$/, ".");
    this.#log("UpstreamFailed", message, { hub, connectionId: source.connectionId });
  }

  #log(event: "UpstreamAuthIgnored" | "UpstreamFailed", message: string, attributes: Record<string, string>): void {
    const { probe } = this.#input;
    if (!probe.isEnabled("warn")) return;
    probe.log({ level: "warn", category: "AzureSignalR.Emulator", event, message, attributes });
  }
}

function failure(reason: string): UpstreamAnswer {
  return { kind: "error", text: `Invocation failed, ${reason}` };
}
