import { bicep, toBicep } from "../bicep/values.js";
import { bicepIdentifier } from "../names.js";
import type { PrivateEndpoint, VirtualNetwork } from "../resources/network.js";
import type { OutputReference } from "../values.js";
import { Module, uniqueName } from "./module.js";

const NETWORK_VERSION = "2025-05-01";
const DNS_VERSION = "2024-06-01";
const LONGEST_NETWORK_NAME = 64;
const SIGNALR_ZONE = "privatelink.service.signalr.net";
const SIGNALR_GROUP_ID = "signalr";
/** Name of the DNS zone's module. */
const ZONE_NAME = SIGNALR_ZONE.replaceAll(".", "-");
const ZONE_TYPE = `Microsoft.Network/privateDnsZones@${DNS_VERSION}`;

/** A virtual network with its subnets, which Azure makes one after the other. */
export function virtualNetworkModule(network: VirtualNetwork): Module {
  const module = new Module(network.name);
  const name = bicepIdentifier(network.name);
  const self = bicep.name(name);
  module.file.addResource({
    name,
    type: `Microsoft.Network/virtualNetworks@${NETWORK_VERSION}`,
    body: toBicep({
      name: uniqueName(name, LONGEST_NETWORK_NAME),
      properties: { addressSpace: { addressPrefixes: [network.addressPrefix] } },
      location: bicep.name("location"),
      tags: { "aspire-resource-name": network.name },
    }),
  });
  for (const [index, subnet] of network.subnets.entries()) {
    const before = network.subnets[index - 1];
    module.file.addResource({
      name: bicepIdentifier(subnet.name),
      type: `Microsoft.Network/virtualNetworks/subnets@${NETWORK_VERSION}`,
      body: toBicep({
        name: subnet.name,
        properties: { addressPrefix: subnet.addressPrefix },
        parent: self,
        dependsOn: before === undefined ? undefined : [bicep.name(bicepIdentifier(before.name))],
      }),
    });
  }
  for (const subnet of network.subnets) {
    const value = bicep.member(bicep.name(bicepIdentifier(subnet.name)), "id");
    module.file.addOutput({ name: `${bicepIdentifier(subnet.name)}_Id`, type: "string", value });
  }
  module.file.addOutput({ name: "id", type: "string", value: bicep.member(self, "id") });
  module.file.addOutput({ name: "name", type: "string", value: bicep.member(self, "name") });
  return module;
}

/** The names under which services are found inside the networks. */
export function dnsZoneModule(networks: readonly VirtualNetwork[]): Module {
  const module = new Module(ZONE_NAME);
  const name = bicepIdentifier(ZONE_NAME);
  const zone = bicep.name(name);
  const ids = networks.map((network) => module.output(network.id));
  module.file.addResource({
    name,
    type: ZONE_TYPE,
    body: toBicep({ name: SIGNALR_ZONE, location: "global", tags: { "aspire-resource-name": ZONE_NAME } }),
  });
  for (const [index, network] of networks.entries()) {
    module.file.addResource({
      name: `${bicepIdentifier(network.name)}_link`,
      type: `Microsoft.Network/privateDnsZones/virtualNetworkLinks@${DNS_VERSION}`,
      body: toBicep({
        name: `${network.name}-link`,
        location: "global",
        properties: { registrationEnabled: false, virtualNetwork: { id: ids[index] } },
        tags: { "aspire-resource-name": `${ZONE_NAME}-${network.name}-link` },
        parent: zone,
      }),
    });
  }
  module.file.addOutput({ name: "id", type: "string", value: bicep.member(zone, "id") });
  module.file.addOutput({ name: "name", type: "string", value: toBicep(SIGNALR_ZONE) });
  return module;
}

/** A private endpoint, and its name in the zone. */
export function privateEndpointModule(endpoint: PrivateEndpoint): Module {
  const module = new Module(endpoint.name);
  const name = bicepIdentifier(endpoint.name);
  const self = bicep.name(name);
  const zoneName = bicepIdentifier(ZONE_NAME);
  const zone = bicep.name(zoneName);
  const zoneOutput = module.output({ kind: "output", resource: ZONE_NAME, output: "name" });
  const subnetId = module.output(subnetIdOutput(endpoint));
  const serviceId = module.output(endpoint.target.id);
  module.file.addResource({ name: zoneName, type: ZONE_TYPE, isExisting: true, body: toBicep({ name: zoneOutput }) });
  module.file.addResource({
    name,
    type: `Microsoft.Network/privateEndpoints@${NETWORK_VERSION}`,
    body: toBicep({
      name: uniqueName(name, LONGEST_NETWORK_NAME),
      location: bicep.name("location"),
      properties: {
        privateLinkServiceConnections: [
          {
            properties: { privateLinkServiceId: serviceId, groupIds: [SIGNALR_GROUP_ID] },
            name: `${endpoint.name}-connection`,
          },
        ],
        subnet: { id: subnetId },
      },
      tags: { "aspire-resource-name": endpoint.name },
    }),
  });
  module.file.addResource({
    name: `${name}_dnsgroup`,
    type: `Microsoft.Network/privateEndpoints/privateDnsZoneGroups@${NETWORK_VERSION}`,
    body: toBicep({
      name: "default",
      properties: {
        privateDnsZoneConfigs: [{ name: zoneName, properties: { privateDnsZoneId: bicep.member(zone, "id") } }],
      },
      parent: self,
    }),
  });
  module.file.addOutput({ name: "id", type: "string", value: bicep.member(self, "id") });
  module.file.addOutput({ name: "name", type: "string", value: bicep.member(self, "name") });
  return module;
}

function subnetIdOutput({ subnet }: PrivateEndpoint): OutputReference {
  return { kind: "output", resource: subnet.network.name, output: `${bicepIdentifier(subnet.name)}_Id` };
}
