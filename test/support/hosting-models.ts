import {
  type Application,
  type Builder,
  type BuilderOptions,
  bicep,
  createBuilder,
} from "azure-signalr-server/hosting";

/** A builder that knows nothing of this machine. */
export function publishing(options: BuilderOptions = {}): Builder {
  return createBuilder({
    args: [],
    mode: "publish",
    folder: "/apphost",
    configuration: {},
    environment: {},
    ...options,
  });
}

/** Texts that break whoever glues strings together. */
const ODD_TEXTS: readonly string[] = [
  "it's",
  "back\\slash\\",
  `\${resourceGroup().id}`,
  `$\${x}$`,
  "line\nbreak\r\n\ttab",
  "\u0000\u001b\u2028\ufeff",
  "'''",
  `\\\${`,
  "emoji \u{1f600} and half \ud83d",
];

function everySetting(): Builder {
  const builder = publishing();
  const region = builder.addParameter("region-name", { default: `it's \${west}`, description: "Where\nit shall be" });
  const key = builder.addParameter("apiKey", { secret: true });
  builder.addAzureSignalR("all-of-it", { serviceMode: "Serverless" }).configureInfrastructure((infra) => {
    const { signalR } = infra;
    const location = infra.parameter(region);
    signalR.name = bicep.text`all-${bicep.call("uniqueString", bicep.member(bicep.call("resourceGroup"), "id"))}`;
    signalR.location = location;
    signalR.corsAllowedOrigins = ["https://a.example", "https://b.example"];
    signalR.disableAadAuth = false;
    signalR.disableLocalAuth = false;
    signalR.features?.push({ flag: "EnableConnectivityLogs", value: "True" });
    signalR.tls = { clientCertEnabled: false };
    signalR.liveTraceConfiguration = { enabled: "true", categories: [{ name: "ConnectivityLogs", enabled: "true" }] };
    signalR.networkACLs = {
      defaultAction: "Deny",
      publicNetwork: { allow: ["ClientConnection", "ServerConnection"], deny: [] },
      privateEndpoints: [{ name: "pe", allow: ["RESTAPI"] }],
    };
    signalR.publicNetworkAccess = "Enabled";
    signalR.regionEndpointEnabled = "Enabled";
    signalR.resourceLogConfiguration = { categories: [{ name: "MessagingLogs", enabled: "true" }] };
    signalR.resourceStopped = "false";
    signalR.serverless = { connectionTimeoutInSeconds: 30 };
    signalR.upstream = {
      templates: [
        {
          hubPattern: "*",
          categoryPattern: "connections,messages",
          eventPattern: "*",
          urlTemplate: bicep.text`https://app.example/upstream?code=${infra.parameter(key)}`,
          auth: { type: "ManagedIdentity", managedIdentity: { resource: "api://app" } },
        },
      ],
    };
    signalR.identity = { type: "SystemAssigned" };
    signalR.sku = { name: "Premium_P1", capacity: 2 };
    signalR.tags["Environment"] = "Production";
    for (const [index, text] of ODD_TEXTS.entries()) signalR.tags[`odd ${index}`] = text;
    signalR.tags["null"] = "a word of the language";
    infra.addResource("certificate", "Microsoft.SignalRService/signalR/sharedPrivateLinkResources@2024-03-01", {
      name: "link",
      parent: infra.signalRName,
      properties: { groupId: "sites", privateLinkResourceId: bicep.text`${location}/x`, requestMessage: "please" },
    });
    infra.addOutput("systemIdentity", {
      type: "string",
      value: bicep.member(infra.signalRName, "identity", "principalId"),
    });
    infra.addOutput("mixed", {
      type: "object",
      value: { list: [1, true, null, "x"], none: {}, empty: [], "a-b": location },
    });
  });
  return builder;
}

function existing(): Builder {
  const builder = publishing();
  const name = builder.addParameter("existingName");
  const group = builder.addParameter("existing-group");
  const given = builder.addAzureSignalR("given").asExisting(name, group);
  builder.addAzureSignalR("fixed").publishAsExisting("its-there", "rg-shared");
  builder.addAzureSignalR("near").publishAsExisting("near-by");
  builder.addNodeApp("api", "server.js").withReference(given).withRoleAssignments(given, "SignalRServiceOwner");
  return builder;
}

function ownIdentities(): Builder {
  const builder = publishing();
  const one = builder.addAzureSignalR("one");
  const two = builder.addAzureSignalR("two-b", { serviceMode: "Serverless" });
  builder
    .addNodeApp("api", "server.js")
    .withReference(one)
    .withReference(two)
    .withRoleAssignments(one, "SignalRAppServer", "SignalRContributor", "SignalRAccessKeyReader")
    .withRoleAssignments(two, "SignalRRestApiReader");
  builder.addNodeApp("worker", "worker.js").withReference(one).withRoleAssignments(one, "SignalRRestApiOwner");
  builder.addNodeApp("viewer", "viewer.js").withReference(two);
  return builder;
}

function privateNetwork(): Builder {
  const builder = publishing();
  const one = builder.addAzureSignalR("signalr");
  const two = builder.addAzureSignalR("other");
  const network = builder.addAzureVirtualNetwork("vnet");
  const second = builder.addAzureVirtualNetwork("far-vnet", "fd00::/48");
  network.addSubnet("apps", "10.0.0.0/24");
  network.addSubnet("private-endpoints", "10.0.1.0/24").addPrivateEndpoint(one);
  second.addSubnet("inner", "fd00::/64").addPrivateEndpoint(two);
  return builder;
}

function withoutAzure(): Builder {
  const builder = publishing();
  const asked = builder.addConnectionString("asked");
  const host = builder.addParameter("host", { default: "localhost" });
  const made = builder.addConnectionString("made", host);
  const later = builder.addAzureSignalR("later").publishAsConnectionString();
  builder.addExecutable("app", "app.exe", "apps").withReference(asked).withReference(made).withReference(later);
  return builder;
}

/** Applications of all sorts, to publish. */
export const MODELS: Readonly<Record<string, () => Application>> = {
  default: () => {
    const builder = publishing();
    builder.addNodeApp("api", "dist/api.js").withReference(builder.addAzureSignalR("signalr"));
    return builder.build();
  },
  serverless: () => {
    const builder = publishing();
    builder.addAzureSignalR("signalr", { serviceMode: "Serverless" });
    return builder.build();
  },
  rolesInside: () => {
    const builder = publishing({ roles: "inside" });
    builder.addAzureSignalR("signalr1");
    builder.addAzureSignalR("signalr2", { serviceMode: "Serverless" });
    return builder.build();
  },
  everySetting: () => everySetting().build(),
  existing: () => existing().build(),
  ownIdentities: () => ownIdentities().build(),
  privateNetwork: () => privateNetwork().build(),
  withoutAzure: () => withoutAzure().build(),
};
