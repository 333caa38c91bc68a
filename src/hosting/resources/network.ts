import { isIPv4, isIPv6 } from "node:net";
import { SignalRError } from "../../base/errors.js";
import type { Model } from "../model.js";
import { checkResourceName } from "../names.js";
import type { OutputReference } from "../values.js";
import type { AzureSignalR } from "./azure-signalr.js";

/** A virtual network in Azure. Used when publishing only. */
export class VirtualNetwork {
  readonly kind = "virtualNetwork";
  readonly name: string;
  readonly addressPrefix: string;
  readonly #model: Model;
  readonly #add: (endpoint: PrivateEndpoint) => void;
  readonly #subnets: Subnet[] = [];

  constructor(model: Model, name: string, addressPrefix: string, add: (endpoint: PrivateEndpoint) => void) {
    checkAddressPrefix(name, addressPrefix);
    this.#model = model;
    this.#add = add;
    this.name = name;
    this.addressPrefix = addressPrefix;
  }

  /**
   * Adds a subnet.
   *
   * @param addressPrefix part of the network's addresses, e.g. `10.0.1.0/24`
   * @throws SignalRError ARGUMENT_INVALID for a name that is not allowed or used already, or wrong addresses
   */
  addSubnet(name: string, addressPrefix: string): Subnet {
    this.#model.change();
    checkResourceName(name);
    checkAddressPrefix(name, addressPrefix);
    if (this.#subnets.some((subnet) => subnet.name.toLowerCase() === name.toLowerCase())) {
      throw new SignalRError("ARGUMENT_INVALID", `${this.name} has a subnet named ${name} already.`);
    }
    const subnet = new Subnet(this.#model, this, name, addressPrefix, this.#add);
    this.#subnets.push(subnet);
    return subnet;
  }

  get subnets(): readonly Subnet[] {
    return this.#subnets;
  }

  /** Azure resource id of the deployed network. */
  get id(): OutputReference {
    return { kind: "output", resource: this.name, output: "id" };
  }
}

/** A part of a virtual network. */
export class Subnet {
  readonly network: VirtualNetwork;
  readonly name: string;
  readonly addressPrefix: string;
  readonly #model: Model;
  readonly #add: (endpoint: PrivateEndpoint) => void;

  constructor(
    model: Model,
    network: VirtualNetwork,
    name: string,
    addressPrefix: string,
    add: (endpoint: PrivateEndpoint) => void,
  ) {
    this.#model = model;
    this.#add = add;
    this.network = network;
    this.name = name;
    this.addressPrefix = addressPrefix;
  }

  /** Gives the service an address in this subnet, and takes it off the public network. */
  addPrivateEndpoint(target: AzureSignalR): PrivateEndpoint {
    this.#model.change();
    const endpoint = new PrivateEndpoint(this, target);
    this.#add(endpoint);
    target.denyPublicNetwork();
    return endpoint;
  }
}

/** An address inside a subnet that leads to a service. Used when publishing only. */
export class PrivateEndpoint {
  readonly kind = "privateEndpoint";
  readonly name: string;
  readonly subnet: Subnet;
  readonly target: AzureSignalR;

  constructor(subnet: Subnet, target: AzureSignalR) {
    this.name = `${subnet.name}-${target.name}-pe`;
    this.subnet = subnet;
    this.target = target;
  }
}

function checkAddressPrefix(name: string, addressPrefix: string): void {
  const [, address = "", length = ""] = /^([\da-fA-F.:]+)\/(\d{1,3})$/.exec(addressPrefix) ?? [];
  if (isIPv4(address) && Number(length) <= 32) return;
  if (isIPv6(address) && Number(length) <= 128) return;
  throw new SignalRError(
    "ARGUMENT_INVALID",
    `Addresses of ${name} are ${JSON.stringify(addressPrefix)}; allowed is an address with a length, such as 10.0.0.0/16.`,
  );
}
