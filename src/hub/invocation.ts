import { HubException, toError } from "../base/errors.js";
import { foreignText } from "../base/foreign-text.js";
import type { CallRefusal, Recording, RecordingLink } from "../base/instruments.js";
import type { LogEvent } from "../base/log-events.js";
import type { LogRecord } from "../base/probe.js";
import type { CompletionMessage, InvocationMessage, StreamInvocationMessage } from "../protocol/hub/messages.js";
import { type HubCallerClients, OutletCallerClients } from "./clients.js";
import type { HubCallerContext } from "./context.js";
import { CONNECTION_CLOSED, callError, namedError, STREAM_FAILED, withDetail } from "./errors.js";
import type { HubInvocation } from "./filters.js";
import { type GroupManager, OutletGroups } from "./groups.js";
import type { AnyHub, HubCall } from "./hub.js";
import { bindArguments, type HubMethod, uploadSchema } from "./methods.js";
import type { ClientWire } from "./outlet.js";
import { disposeHub, type HubRuntime } from "./runtime.js";
import type { StreamShare } from "./stream-share.js";
import { openStream, type StreamReader } from "./streams.js";
import type { Upload } from "./uploads.js";

const NO_SUCH_METHOD = new HubException("Method does not exist.");

/** What a call needs of the client session it belongs to. */
export interface InvocationOwner {
  readonly runtime: HubRuntime;
  readonly context: HubCallerContext;
  readonly wire: ClientWire;
  /** Of all streams of the client. */
  readonly streamShare: StreamShare;
  readonly isOpen: boolean;
  readonly protocolName: string;
  /** The recording of the client's onConnected, where somebody made one. */
  readonly link: RecordingLink | undefined;
  /** Does nothing once the session is not open any more. Throws what the protocol throws for a bad value. */
  reply(message: CompletionMessage | { readonly type: 2; readonly invocationId: string; readonly item: unknown }): void;
  /** The call waits for its own client: let the client's next call start. */
  releasePermit(invocation: Invocation): void;
  /** The call is over; called exactly once. */
  finished(invocation: Invocation): void;
}

/**
 * One call of a hub method by a client, from its arguments to its completion. Calls of plain methods on plain hubs run
 * without a promise of ours; everything that must wait goes through one async function.
 */
export class Invocation implements HubCall {
  readonly message: InvocationMessage | StreamInvocationMessage;
  readonly uploads: readonly Upload[];
  /** Set and cleared by the owner while the call counts against the client's parallel invocations. */
  holdsPermit = false;
  /** Bytes that the owner counts for the call; 0 while it counts none. */
  heldBytes = 0;
  readonly #owner: InvocationOwner;
  readonly #method: HubMethod | undefined;
  #hub: AnyHub | undefined;
  #abort: AbortController | undefined;
  #reader: StreamReader | undefined;
  /** Only while somebody records calls, and until the call has its outcome. */
  #recording: Recording | undefined;
  #isCancelled = false;
  #isFinished = false;
  /** The client has its one completion: what the method still gives is for nobody. */
  #isAnswered = false;

  constructor(
    owner: InvocationOwner,
    message: InvocationMessage | StreamInvocationMessage,
    uploads: readonly Upload[],
  ) {
    this.#owner = owner;
    this.message = message;
    this.uploads = uploads;
    this.#method = owner.runtime.methods.get(message.target.toLowerCase());
  }

  get isStream(): boolean {
    return this.message.type === 4;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Streams and uploads run beside everything else; plain calls take turns. */
  get takesTurn(): boolean {
    return !this.isStream && this.uploads.length === 0;
  }

  get context(): HubCallerContext {
    return this.#owner.context;
  }

  get clients(): HubCallerClients {
    const { runtime, context, wire } = this.#owner;
    return new OutletCallerClients(runtime.outlet, context.connectionId, wire, () => this.#owner.releasePermit(this));
  }

  get groups(): GroupManager {
    return new OutletGroups(this.#owner.runtime.outlet, this.#owner.wire);
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if ((this.#isCancelled || !this.#owner.isOpen) && !this.#abort.signal.aborted) this.#abort.abort();
    return this.#abort.signal;
  }

  start(): void {
    const method = this.#method;
    if (method === undefined) return this.#endWith(this.#bindingError(NO_SUCH_METHOD), "unknown_method");
    let bound: unknown[] | Promise<unknown[]>;
    let mismatch: HubException | undefined;
    try {
      for (const [index, upload] of this.uploads.entries()) {
        upload.checkItems(uploadSchema(method, index, this.message.arguments.length));
      }
      bound = bindArguments(method, this.message.arguments, this.uploads);
    } catch (error) {
      // A wrong number of uploads is found later than wrong arguments: after authorization, as if the method threw it.
      if (!(error instanceof HubException))
        return this.#endWith(this.#bindingError(toError(error)), "invalid_arguments");
      bound = [];
      mismatch = error;
    }
    if (
      mismatch === undefined &&
      Array.isArray(bound) &&
      method.authorize === undefined &&
      this.#owner.runtime.isDirect
    ) {
      this.#startDirectly(method, bound);
    } else {
      // Every failure in there becomes the call's completion.
      void this.#startWithWaits(method, bound, mismatch);
    }
  }

  /** The client wants no more, or is gone. A stream ends at once; a plain method is told by its signal. */
  cancel(): void {
    if (this.#isCancelled || this.#isFinished) return;
    this.#isCancelled = true;
    this.#abort?.abort();
    if (this.#reader !== undefined) this.#endCancelledStream(this.#reader);
  }

  /** Answers now, with an error, and cancels: the client is about to leave for another server. */
  interrupt(error: Error): void {
    if (this.#isFinished) return;
    this.#endRecording(error);
    this.#completeWithError(withDetail(callError.invoking(this.#shownName), error, this.#detailed));
    this.cancel();
  }

  /** Whether the call may end without another word of its client. */
  get endsByItself(): boolean {
    return this.holdsPermit || (this.isStream && this.uploads.length === 0);
  }

  /** Ends a call that never started. */
  refuse(error: Error): void {
    this.#endWith(withDetail(callError.invoking(this.#shownName), error, this.#detailed), "not_started");
  }

  get #detailed(): boolean {
    return this.#owner.runtime.options.enableDetailedErrors;
  }

  /** ASP.NET Core shows the registered name, but what the client wrote for MessagePack stream invocations. */
  get #shownName(): string {
    const asSent = this.isStream && this.#owner.protocolName === "messagepack";
    return this.#method === undefined || asSent ? this.message.target : this.#method.name;
  }

  #startDirectly(method: HubMethod, args: unknown[]): void {
    const wrongMode = this.#modeError(method);
    if (wrongMode !== undefined) return this.#endWith(wrongMode, "wrong_kind");
    const recording = this.#record(method);
    let result: unknown;
    try {
      const hub = this.#owner.runtime.constructHub(this);
      this.#hub = hub;
      result = recording === undefined ? method.run.apply(hub, args) : recording.run(() => method.run.apply(hub, args));
      // A foreign thenable may settle twice, or at once, or throw; as a promise it does not.
      if (isThenable(result)) result = Promise.resolve(result);
    } catch (error) {
      this.#fail(error);
      return this.#finish();
    }
    if (method.isStream) {
      void this.#runStream(result, recording)
        .catch((error: unknown) => this.#fail(error))
        .then(() => this.#finish());
    } else if (result instanceof Promise) {
      result.then(
        (value) => {
          this.#succeed(value);
          this.#finish();
        },
        (error: unknown) => {
          this.#fail(error);
          this.#finish();
        },
      );
    } else {
      this.#succeed(result);
      this.#finish();
    }
  }

  async #startWithWaits(
    method: HubMethod,
    bound: unknown[] | Promise<unknown[]>,
    mismatch: HubException | undefined,
  ): Promise<void> {
    const { runtime, context } = this.#owner;
    let args: unknown[];
    try {
      args = await bound;
    } catch (error) {
      return this.#endWith(this.#bindingError(toError(error)), "invalid_arguments");
    }
    try {
      const hub = await runtime.createHub(context, this);
      this.#hub = hub;
      const invocation: HubInvocation = { context, hub, methodName: method.name, args };
      if (!(await this.#isAuthorized(method, invocation)))
        return this.#endWith(callError.unauthorized(this.#shownName), "unauthorized");
      const wrongMode = this.#modeError(method);
      if (wrongMode !== undefined) return this.#endWith(wrongMode, "wrong_kind");
      const recording = this.#record(method);
      if (mismatch !== undefined) throw mismatch;
      const run = (): unknown => {
        // The client left while schemas, policies or filters took their time: onDisconnected must stay the last to run.
        if (!this.#owner.isOpen) throw namedError("OperationCanceledException", CONNECTION_CLOSED);
        return method.run.apply(hub, invocation.args);
      };
      const chain = runtime.filters.invoke;
      const runAll = chain === undefined ? run : (): unknown => chain(invocation, run);
      const result = await (recording === undefined ? runAll() : recording.run(runAll));
      if (method.isStream) await this.#runStream(result, recording);
      else this.#succeed(result);
    } catch (error) {
      this.#fail(error);
    }
    this.#finish();
  }

  async #isAuthorized(method: HubMethod, invocation: HubInvocation): Promise<boolean> {
    const rule = method.authorize;
    if (rule === undefined) return true;
    if (typeof rule === "function") return (await rule(invocation)) === true;
    return rule.roles.some((role) => invocation.context.user.isInRole(role));
  }

  #modeError(method: HubMethod): string | undefined {
    if (method.isStream === this.isStream) return undefined;
    return method.isStream ? callError.streamExpected(this.#shownName) : callError.noStreamExpected(this.#shownName);
  }

  /** A generator's code runs when it is asked for the next item, so that is done inside the recording too. */
  #runStream(result: unknown, recording: Recording | undefined): Promise<void> {
    return recording === undefined ? this.#readStream(result) : recording.run(() => this.#readStream(result));
  }

  async #readStream(result: unknown): Promise<void> {
    // A stream that is there begins now, before the calls that came after it.
    const { observableCapacity } = this.#owner.runtime.options;
    const reader = openStream(isThenable(result) ? await result : result, observableCapacity);
    if (reader === undefined) {
      this.#endRecording(namedError("InvalidOperationException", "The method gave no stream."));
      return this.#completeWithError(callError.notAStream(this.#shownName));
    }
    if (this.#isCancelled) return this.#endCancelledStream(reader);
    this.#reader = reader;
    try {
      await this.#pump(reader);
    } catch (error) {
      if (this.#isFinished) return;
      this.#report("FailedStreaming", error);
      this.#endRecording(error);
      this.#completeWithError(withDetail(STREAM_FAILED, toError(error), this.#detailed));
      reader.cancel().catch(() => {}); // the first error is the one that counts
    }
  }

  async #pump(reader: StreamReader): Promise<void> {
    const invocationId = this.message.invocationId ?? "";
    for (;;) {
      const result = await reader.next();
      if (this.#isFinished) return;
      if (result.done) break;
      this.#owner.reply({ type: 2, invocationId, item: result.value });
      const room = this.#owner.wire.ready();
      if (room !== undefined) await room;
      const turn = this.#owner.streamShare.take();
      if (turn !== undefined) await turn;
      if (this.#isFinished) return;
    }
    this.#completeStream();
  }

  /** The completion goes out at once; the generator may take its time to clean up. */
  #endCancelledStream(reader: StreamReader): void {
    this.#completeStream();
    const cleanedUp = reader.cancel().catch((error: unknown) => this.#report("FailedStreaming", error));
    this.#finish(cleanedUp);
  }

  #succeed(result: unknown): void {
    try {
      this.#answer(true, result ?? null, undefined);
      this.#endRecording();
    } catch (error) {
      // The result cannot be serialized. Only this call fails; ASP.NET Core would end the connection.
      this.#fail(error);
    }
  }

  #fail(thrown: unknown): void {
    const error = toError(thrown);
    this.#report("FailedInvokingHubMethod", error);
    this.#endRecording(error);
    this.#completeWithError(withDetail(callError.invoking(this.#shownName), error, this.#detailed));
  }

  #bindingError(error: Error): string {
    return withDetail(callError.binding(this.#shownName), error, this.#detailed);
  }

  #completeWithError(error: string): void {
    this.#answer(false, undefined, error);
  }

  #completeStream(): void {
    this.#endRecording();
    this.#answer(false, undefined, undefined);
  }

  /** Once for each call, and never for one without an id. Throws what the protocol throws for a bad result. */
  #answer(hasResult: boolean, result: unknown, error: string | undefined): void {
    const invocationId = this.message.invocationId;
    if (invocationId === undefined || this.#isAnswered) return;
    this.#owner.reply({ type: 3, invocationId, error, hasResult, result });
    this.#isAnswered = true;
  }

  /** The end of a call whose method never ran. */
  #endWith(error: string, reason: CallRefusal): void {
    const { probe, hubName } = this.#owner.runtime;
    probe.instruments?.callRefused(hubName, this.#method?.name, reason);
    this.#completeWithError(error);
    this.#finish();
  }

  #finish(before?: Promise<unknown>): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#endRecording();
    this.#reader = undefined;
    for (const upload of this.uploads) upload.drop();
    const hub = this.#hub;
    const disposing = hub === undefined ? undefined : this.#dispose(hub, before);
    if (disposing === undefined) this.#owner.finished(this);
    else void disposing.then(() => this.#owner.finished(this));
  }

  #record(method: HubMethod): Recording | undefined {
    const { runtime, link } = this.#owner;
    const { instruments } = runtime.probe;
    if (instruments === undefined) return undefined;
    const { hubName: hub } = runtime;
    const { headers } = this.message;
    this.#recording = instruments.begin({ kind: "call", hub, method: method.name, headers, link });
    return this.#recording;
  }

  /** A call that its client has cancelled did not fail, whatever became of it. */
  #endRecording(error?: unknown): void {
    const recording = this.#recording;
    if (recording === undefined) return;
    this.#recording = undefined;
    recording.end(this.#isCancelled ? undefined : error);
  }

  /** Never rejects; a promise only when there is something to wait for. */
  #dispose(hub: AnyHub, before: Promise<unknown> | undefined): Promise<void> | undefined {
    const failed = (error: unknown): void => this.#report("FailedDisposingHub", error);
    try {
      return (before === undefined ? disposeHub(hub) : before.then(() => disposeHub(hub)))?.catch(failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  #report(event: LogEvent, error: unknown): void {
    const { probe, hubName } = this.#owner.runtime;
    // A call that nobody waits for any more may well fail because of that.
    const level = this.#isCancelled ? "debug" : "error";
    if (!probe.isEnabled(level)) return;
    const record: LogRecord = {
      level,
      category: "Microsoft.Azure.SignalR.HubDispatcher",
      event,
      message: `${hubName}.${this.#method?.name ?? foreignText(this.message.target)} failed: ${toError(error).message}`,
      error,
      attributes: { connectionId: this.#owner.context.connectionId },
    };
    // Inside, so that the log leads to the trace.
    if (this.#recording === undefined) probe.log(record);
    else this.#recording.run(() => probe.log(record));
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as Partial<PromiseLike<unknown>>).then === "function"
  );
}
