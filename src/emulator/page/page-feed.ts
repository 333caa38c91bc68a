import type { Clock, Timer } from "../../base/clock.js";
import { PACKAGE_VERSION } from "../../base/package-version.js";
import type { ClientConnection } from "../client-connection.js";
import type { MessageObserver } from "../message-tap.js";
import type { Service } from "../service.js";
import type { PeerSocket } from "../ws-server.js";
import { clientDetails } from "./client-details.js";
import { clientRows, groupRows, userRows } from "./member-lists.js";
import { lineOf, type MessageLine } from "./message-line.js";
import { faultsShown, figuresOf, hubRows, instanceRows } from "./overview.js";
import { parseFilter } from "./page-filter.js";
import type { PageLimits } from "./page-limits.js";
import { flowOf, sumOf, Traffic } from "./traffic.js";
import { type Sections, Viewer } from "./viewer.js";

const POLICY_VIOLATION = 1008;
// So many can be chosen from.
const MOST_HUB_NAMES = 200;

/** Tells open pages what goes on. While none is open nothing is watched, counted or timed. */
export class PageFeed {
  readonly #service: Service;
  readonly #clock: Clock;
  readonly #limits: PageLimits;
  readonly #traffic = new Traffic();
  readonly #viewers = new Set<Viewer>();
  #watch: { readonly timer: Timer; readonly unobserve: () => void } | undefined;
  #updates = 0;
  #updatedAt = 0;

  constructor(service: Service, clock: Clock, limits: PageLimits) {
    this.#service = service;
    this.#clock = clock;
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#viewers.size >= this.#limits.viewers;
  }

  /** One more page is open; it is sent the whole state at once. */
  join(peer: PeerSocket): void {
    const viewer = new Viewer(peer, this.#clock, this.#limits);
    this.#viewers.add(viewer);
    this.#start();
    peer.listen({
      onMessage: (bytes) => {
        const filter = parseFilter(bytes);
        if (filter === undefined) {
          peer.close(POLICY_VIOLATION, "That is no filter.");
          return;
        }
        viewer.setFilter(filter);
        viewer.selected = this.#find(filter.connectionId);
      },
      onPong: () => {},
      onDrain: () => {},
      onClose: () => this.#leave(viewer),
    });
    viewer.update({ about: { version: PACKAGE_VERSION }, ...this.#sections(viewer, true) });
  }

  stop(): void {
    for (const viewer of this.#viewers) viewer.close();
  }

  #start(): void {
    if (this.#watch !== undefined) return;
    this.#updatedAt = this.#clock.now();
    this.#watch = {
      timer: this.#clock.every(this.#limits.updateIntervalMs, () => this.#update()),
      unobserve: this.#service.taps.observe(this.#observe),
    };
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0 || this.#watch === undefined) return;
    this.#watch.timer.cancel();
    this.#watch.unobserve();
    this.#watch = undefined;
    this.#traffic.take();
  }

  // Called for every message that passes: a message is looked into only when a page has room for it.
  readonly #observe: MessageObserver = (direction, passage, message) => {
    const { hub } = passage;
    const flow = flowOf(direction, message);
    this.#traffic.count(hub, flow);
    let line: MessageLine | undefined;
    for (const viewer of this.#viewers) {
      if (!viewer.wants(hub, flow, message)) continue;
      if (!viewer.hasRoom) {
        viewer.leaveOut();
        continue;
      }
      line ??= lineOf({
        at: this.#clock.unixTime(),
        direction,
        passage,
        flow,
        message,
        protocolOf: (connectionId) => this.#service.findHub(hub)?.directory.get(connectionId)?.protocol,
      });
      viewer.add(line);
    }
  };

  #update(): void {
    const now = this.#clock.now();
    const elapsedMs = now - this.#updatedAt;
    this.#updatedAt = now;
    const traffic = this.#traffic.take();
    this.#updates += 1;
    const isListTime = this.#updates % this.#limits.updatesPerList === 0;
    for (const viewer of this.#viewers) {
      if (!viewer.checkReady()) continue;
      viewer.selected = this.#find(viewer.filter.connectionId);
      viewer.update({
        ...this.#sections(viewer, isListTime || viewer.needsLists),
        // Dated, so that each of them differs from the last one and is sent.
        rates: { at: this.#clock.unixTime(), elapsedMs, ...sumOf(traffic, viewer.filter.hub) },
      });
    }
  }

  #sections(viewer: Viewer, hasLists: boolean): Sections {
    const { filter, selected } = viewer;
    const spaces = this.#service.spaces(filter.hub);
    const { rows } = this.#limits;
    if (hasLists) viewer.needsLists = false;
    return {
      serial: filter.serial,
      hubNames: this.#service
        .spaces()
        .slice(0, MOST_HUB_NAMES)
        .map(({ name }) => name),
      figures: figuresOf(spaces),
      hubs: hubRows(spaces, rows),
      instances: instanceRows(this.#service),
      faults: faultsShown(this.#service),
      selected: selected && clientDetails(selected),
      ...(hasLists && {
        clients: clientRows(spaces, filter.find, rows),
        groups: groupRows(spaces, filter.find, rows),
        users: userRows(spaces, filter.find, rows),
      }),
    };
  }

  #find(connectionId: string | undefined): ClientConnection | undefined {
    if (connectionId === undefined) return undefined;
    for (const { directory } of this.#service.spaces()) {
      const client = directory.get(connectionId);
      if (client !== undefined) return client;
    }
    return undefined;
  }
}
