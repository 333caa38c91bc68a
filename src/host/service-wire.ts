import { SignalRError } from "../base/errors.js";
import type { ServerConnection } from "../connections/server-connection.js";
import type { ClientWire, PayloadKind } from "../hub/outlet.js";
import {
  DataMessageType,
  FlowControlOperation,
  FlowControlTarget,
  type ServiceExtensions,
  type ServiceMessage,
} from "../protocol/service/messages.js";

/** What the service is told about the bytes, so that it need not parse them. */
const KINDS: { readonly [Kind in PayloadKind]: ServiceExtensions } = {
  handshake: Object.freeze({ dataMessageType: DataMessageType.Handshake }),
  invocation: Object.freeze({ dataMessageType: DataMessageType.Invocation }),
  other: Object.freeze({ dataMessageType: DataMessageType.Other }),
  close: Object.freeze({ dataMessageType: DataMessageType.Close }),
};

interface HeldPayload {
  readonly payload: Uint8Array;
  readonly kind: PayloadKind;
}

/** While the service has the client paused: what waits, and who waits for the end of it. */
interface Pause {
  readonly held: HeldPayload[];
  heldBytes: number;
  readonly over: Promise<void>;
  end(): void;
}

/** What a payload costs in memory besides its bytes. */
const PAYLOAD_OVERHEAD_BYTES = 150;

export interface ServiceWireParts {
  readonly connection: ServerConnection;
  readonly connectionId: string;
  /** Where in the service the client is, if the service said so. */
  readonly instanceId: string | undefined;
  /** Whether what is sent in this client's name is traced. */
  readonly isDiagnostic: boolean;
  /** Bytes, as they lie in memory, that wait while the service has the client paused; with more the client is closed. */
  readonly maxHeldBytes: number;
  /** Told when something could not be sent and the client would miss it; called at most once. */
  readonly onBroken: (error: Error) => void;
}

/** A client's way out: the server connection that it came in on, which keeps its messages in order. */
export class ServiceWire implements ClientWire {
  readonly connection: ServerConnection;
  readonly instanceId: string | undefined;
  readonly isDiagnostic: boolean;
  readonly #parts: ServiceWireParts;
  #isClosed = false;
  #hasMoved = false;
  #pause: Pause | undefined;
  /** The pause that was asked for and begins when something else is done first. */
  #nextPause: object | undefined;

  constructor(parts: ServiceWireParts) {
    this.connection = parts.connection;
    this.instanceId = parts.instanceId;
    this.isDiagnostic = parts.isDiagnostic;
    this.#parts = parts;
  }

  /** The client lives on another server now. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  send(payload: Uint8Array, kind: PayloadKind): void {
    if (this.#isClosed) return;
    if (this.#pause !== undefined) {
      this.#hold(this.#pause, payload, kind);
      return;
    }
    const { connectionId } = this.#parts;
    this.#write({ kind: "connectionData", connectionId, payload, ext: KINDS[kind] });
  }

  ready(): Promise<void> | undefined {
    return this.#pause?.over ?? this.connection.ready();
  }

  close(): void {
    if (this.#isClosed) return;
    if (this.#pause !== undefined) this.resume();
    this.#isClosed = true;
    try {
      this.#sendClose();
    } catch {
      // Whoever ends a session must be able to rely on its end.
      this.#closeWhenThereIsRoom();
    }
  }

  /** The client is gone already, or moved to another server: there is nobody to send or close. */
  forget(hasMoved = false): void {
    this.#isClosed = true;
    this.#hasMoved = hasMoved;
    this.#nextPause = undefined;
    this.#endPause();
  }

  /** The service moves the client to another connection: it gets no message from here until {@link resume}. */
  pause(): void {
    if (this.#pause !== undefined || this.#isClosed) return;
    let end: () => void = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#pause = { held: [], heldBytes: 0, over, end };
    if (!this.connection.isOpen) return;
    this.#write({
      kind: "connectionFlowControl",
      connectionId: this.#parts.connectionId,
      connectionType: FlowControlTarget.Client,
      operation: FlowControlOperation.PauseAck,
    });
  }

  /**
   * {@link pause} as soon as `first` has resolved, unless there is a {@link resume} before; `last` runs right before it,
   * and may still send. Never rejects.
   */
  async pauseAfter(first: () => Promise<void>, last: () => void): Promise<void> {
    if (this.#nextPause !== undefined || this.#pause !== undefined || this.#isClosed) return;
    const asked = {};
    this.#nextPause = asked;
    await first();
    if (this.#nextPause !== asked) return;
    this.#nextPause = undefined;
    last();
    this.pause();
  }

  resume(): void {
    this.#nextPause = undefined;
    const held = this.#endPause();
    for (const { payload, kind } of held) this.send(payload, kind);
  }

  #hold(pause: Pause, payload: Uint8Array, kind: PayloadKind): void {
    const { maxHeldBytes } = this.#parts;
    pause.heldBytes += payload.length + PAYLOAD_OVERHEAD_BYTES;
    if (pause.heldBytes <= maxHeldBytes) {
      pause.held.push({ payload, kind });
      return;
    }
    const text = `${pause.heldBytes} bytes wait for a client that the service has paused, allowed are ${maxHeldBytes} (maximumBufferedBytesPerClient).`;
    this.#break(new SignalRError("SEND_BUFFER_FULL", text));
  }

  #write(message: ServiceMessage): void {
    try {
      this.connection.send(message);
    } catch (error) {
      // A connection that is not active any more ends its clients by itself.
      if (error instanceof SignalRError && error.code === "SEND_BUFFER_FULL") this.#break(error);
    }
  }

  #endPause(): readonly HeldPayload[] {
    const pause = this.#pause;
    this.#pause = undefined;
    pause?.end();
    return pause?.held ?? [];
  }

  /** A client that missed a message must not go on as if nothing had happened: it is closed when there is room. */
  #break(error: Error): void {
    this.#isClosed = true;
    this.#nextPause = undefined;
    this.#endPause();
    this.#closeWhenThereIsRoom();
    this.#parts.onBroken(error);
  }

  #sendClose(): void {
    if (!this.connection.isOpen) return;
    const { connectionId } = this.#parts;
    this.connection.send({ kind: "closeConnection", connectionId, errorMessage: null, headers: NO_HEADERS });
  }

  #closeWhenThereIsRoom(): void {
    (this.connection.ready() ?? Promise.resolve()).then(() => this.#sendClose()).catch(() => {}); // the connection is gone, and the client with it
  }
}

const NO_HEADERS: readonly never[] = Object.freeze([]);
