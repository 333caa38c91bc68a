import { Hub, HubException } from "azure-signalr-server";
import type { Figures } from "./figures.js";
import type { ChatMessage, RoomSummary, Rooms, RoomView, Seat } from "./rooms.js";

/** What the server calls on a client. */
export interface ChatClient {
  messageReceived(message: ChatMessage): void;
  peopleChanged(room: string, people: readonly string[]): void;
  roomsChanged(rooms: readonly RoomSummary[]): void;
  personTyping(room: string, name: string): void;
}

const NAME_LENGTH = 24;
const TEXT_LENGTH = 2000;
const TOO_MANY_ROOMS = "There are too many rooms, join one of them.";

/** A hub object lives for one call; what must outlive it comes in through the constructor (see `createHub` in server.ts). */
export class ChatHub extends Hub<ChatClient> {
  readonly #rooms: Rooms;
  readonly #figures: Figures;

  constructor(rooms: Rooms, figures: Figures) {
    super();
    this.#rooms = rooms;
    this.#figures = figures;
  }

  override async onConnected(): Promise<void> {
    this.#figures.connected();
    await this.clients.caller.send("roomsChanged", this.#rooms.list());
  }

  override async onDisconnected(): Promise<void> {
    this.#figures.disconnected();
    // The connection is gone, and its groups with it; the others are still to be told.
    const seat = this.#rooms.leave(this.context.connectionId);
    if (seat !== undefined) await this.#announce(seat.room);
  }

  /** Enters a room, and leaves the one before. Called again after each reconnect: a new connection is in no group. */
  async join(room: unknown, name: unknown): Promise<RoomView> {
    const seat: Seat = { room: label(room, "room"), name: label(name, "name") };
    if (!this.#rooms.hasSpaceFor(seat.room)) throw new HubException(TOO_MANY_ROOMS);
    const { connectionId } = this.context;
    const former = this.#rooms.leave(connectionId);
    if (former !== undefined) await this.groups.remove(connectionId, former.room);
    // The group first: whatever is said after the view was taken reaches the newcomer too.
    await this.groups.add(connectionId, seat.room);
    // Much may have happened meanwhile. Who has left by now was seen off already, and would sit there for good.
    const isWelcome = !this.context.signal.aborted && this.#rooms.hasSpaceFor(seat.room);
    const view = isWelcome ? this.#rooms.enter(connectionId, seat) : undefined;
    if (former !== undefined && (view === undefined || former.room !== seat.room)) await this.#announce(former.room);
    if (view === undefined) {
      await this.groups.remove(connectionId, seat.room);
      throw new HubException(TOO_MANY_ROOMS);
    }
    await this.#announce(seat.room);
    return view;
  }

  async leave(): Promise<void> {
    const seat = this.#rooms.leave(this.context.connectionId);
    if (seat === undefined) return;
    await this.groups.remove(this.context.connectionId, seat.room);
    await this.#announce(seat.room);
  }

  async say(text: unknown): Promise<void> {
    const seat = this.#seat();
    if (typeof text !== "string" || text.trim() === "") throw new HubException("Say something.");
    if (text.length > TEXT_LENGTH) throw new HubException(`A message has at most ${TEXT_LENGTH} characters.`);
    this.#figures.messageSent();
    await this.clients.group(seat.room).send("messageReceived", this.#rooms.say(seat, text.trim()));
  }

  async typing(): Promise<void> {
    const seat = this.#seat();
    await this.clients.othersInGroup(seat.room).send("personTyping", seat.room, seat.name);
  }

  /** A stream from the server to one client: it ends when the client disposes of it, or goes away. */
  async *figures() {
    yield* this.#figures.watch(this.signal);
  }

  #seat(): Seat {
    const seat = this.#rooms.seat(this.context.connectionId);
    if (seat === undefined) throw new HubException("Join a room first.");
    return seat;
  }

  async #announce(room: string): Promise<void> {
    await this.clients.group(room).send("peopleChanged", room, this.#rooms.people(room));
    await this.clients.all.send("roomsChanged", this.#rooms.list());
  }
}

/** Clients may send anything: names and rooms are short texts that can be read. */
function label(value: unknown, what: string): string {
  const text = typeof value === "string" ? value.normalize("NFC").replace(/\s+/gu, " ").trim() : "";
  if (text === "" || text.length > NAME_LENGTH || !/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(text)) {
    throw new HubException(`A ${what} has 1 to ${NAME_LENGTH} letters, digits or signs.`);
  }
  return text;
}
