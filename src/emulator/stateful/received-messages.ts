/** Which of a client's messages are new, after its connection broke and some were sent again. */
export class ReceivedMessages {
  /** Number of the next message that arrives. */
  #nextId = 1;
  #latestId = 0;
  #isWaiting = false;

  /** Number of the newest message that has arrived. */
  get latestId(): number {
    return this.#latestId;
  }

  /** The client is back: what comes before it says where it begins is no use. */
  interrupted(): void {
    this.#isWaiting = true;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** The client says where it begins. False: there is a gap, which nothing can fill. */
  beginAt(sequenceId: number): boolean {
    if (sequenceId > this.#nextId) return false;
    this.#isWaiting = false;
    this.#nextId = sequenceId;
    return true;
  }

  /** One message more; false when it has arrived before. */
  accept(): boolean {
    const id = this.#nextId;
    this.#nextId += 1;
    if (id <= this.#latestId) return false;
    this.#latestId = id;
    return true;
  }
}
