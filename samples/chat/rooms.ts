/** One line of a conversation, as clients get it. */
export interface ChatMessage {
  /** Grows by one with each message of this process. */
  readonly id: number;
  readonly name: string;
  readonly text: string;
  /** Unix time in milliseconds. */
  readonly at: number;
}

/** A row of the list of rooms. */
export interface RoomSummary {
  readonly name: string;
  readonly people: number;
}

/** What somebody who enters a room sees first. */
export interface RoomView {
  readonly room: string;
  readonly people: readonly string[];
  readonly messages: readonly ChatMessage[];
}

/** Where one connection sits. */
export interface Seat {
  readonly room: string;
  readonly name: string;
}

const ALWAYS_OPEN: readonly string[] = ["Lobby", "Kitchen", "Garden"];
const MAXIMUM_ROOMS = 100;
const REMEMBERED_MESSAGES = 50;

interface Room {
  readonly people: Map<string, string>;
  readonly messages: ChatMessage[];
}

/**
 * Who sits in which room, and what was said there last. Kept in the memory of this process: with several processes
 * every one would know its own people only, so a real product keeps this in a database. Sending needs none of it:
 * groups live in the service and span all processes.
 */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #seats = new Map<string, Seat>();
  #lastId = 0;

  constructor() {
    for (const name of ALWAYS_OPEN) this.#rooms.set(name, { people: new Map(), messages: [] });
  }

  /** False when the room does not exist and there are too many already. */
  hasSpaceFor(name: string): boolean {
    return this.#rooms.has(name) || this.#rooms.size < MAXIMUM_ROOMS;
  }

  enter(connectionId: string, seat: Seat): RoomView {
    this.leave(connectionId);
    let room = this.#rooms.get(seat.room);
    if (room === undefined) {
      room = { people: new Map(), messages: [] };
      this.#rooms.set(seat.room, room);
    }
    room.people.set(connectionId, seat.name);
    this.#seats.set(connectionId, seat);
    return { room: seat.room, people: this.people(seat.room), messages: [...room.messages] };
  }

  /** The seat that is free now; undefined when the connection had none. */
  leave(connectionId: string): Seat | undefined {
    const seat = this.#seats.get(connectionId);
    if (seat === undefined) return undefined;
    this.#seats.delete(connectionId);
    const room = this.#rooms.get(seat.room);
    room?.people.delete(connectionId);
    if (room?.people.size === 0 && !ALWAYS_OPEN.includes(seat.room)) this.#rooms.delete(seat.room);
    return seat;
  }

  seat(connectionId: string): Seat | undefined {
    return this.#seats.get(connectionId);
  }

  /** Somebody with two windows, or with a connection that is just being replaced, is one person. */
  people(room: string): readonly string[] {
    return [...new Set(this.#rooms.get(room)?.people.values())].sort((one, other) => one.localeCompare(other));
  }

  say(seat: Seat, text: string): ChatMessage {
    this.#lastId += 1;
    const message = { id: this.#lastId, name: seat.name, text, at: Date.now() };
    const messages = this.#rooms.get(seat.room)?.messages;
    messages?.push(message);
    if (messages !== undefined && messages.length > REMEMBERED_MESSAGES) messages.shift();
    return message;
  }

  list(): readonly RoomSummary[] {
    return [...this.#rooms.keys()].map((name) => ({ name, people: this.people(name).length }));
  }
}
