/** Which application models must and must not compile; checked by the compiler, never run. */

import { type Application, bicep, createBuilder, expression, type Resource } from "azure-signalr-server/hosting";

const builder = createBuilder();
const signalR = builder.addAzureSignalR("signalr", { serviceMode: "Serverless" });
// @ts-expect-error no such service mode
builder.addAzureSignalR("other", { serviceMode: "Classic" });
// @ts-expect-error a name is needed
builder.addAzureSignalR();
const plain = builder.addConnectionString("plain");
const group = builder.addParameter("group", { secret: true });
const api = builder.addNodeApp("api", "dist/api.js");
const web = builder.addViteApp("web", "web");

signalR
  .runAsEmulator((emulator) => {
    emulator.port = 8888;
    // @ts-expect-error a port is a number
    emulator.port = "8888";
  })
  .asExisting("name", group)
  .runAsExisting(group)
  .publishAsExisting("name")
  .publishAsConnectionString();
// @ts-expect-error a name is a text or a parameter
signalR.asExisting(plain);
// @ts-expect-error a connection string is not emulated
plain.runAsEmulator();
// @ts-expect-error an app has no infrastructure
api.configureInfrastructure(() => {});

signalR.configureInfrastructure((infra) => {
  infra.signalR.sku = { name: "Premium_P1", capacity: 2 };
  infra.signalR.sku.capacity = infra.parameter(group);
  infra.signalR.tags["Environment"] = "Production";
  infra.signalR.tags["Region"] = bicep.name("location");
  infra.signalR.disableLocalAuth = undefined;
  // @ts-expect-error no such size
  infra.signalR.sku = { name: "Premium_P9" };
  // @ts-expect-error no such switch
  infra.signalR.features?.push({ flag: "EnableMagic", value: "True" });
  // @ts-expect-error the resource has no such member
  infra.signalR.colour = "red";
  // @ts-expect-error tags are texts
  infra.signalR.tags["Count"] = 1;
  // @ts-expect-error only parameters of the application are handed in
  infra.parameter(plain);
});

api
  .withReference(signalR, { connectionName: "chat" })
  .withReference(plain)
  .withReference(web)
  .waitFor(signalR)
  .waitFor(web)
  .withEnvironment("URL", expression`https://${signalR.hostName}/${group}`)
  .withHttpEndpoint({ env: "PORT", port: 3000 })
  .withExternalHttpEndpoints()
  .withRoleAssignments(signalR, "SignalRAppServer", "SignalRRestApiOwner");
// @ts-expect-error apps have no connection string that could be renamed
api.withReference(web, { connectionName: "x" });
// @ts-expect-error a parameter is no connection
api.withReference(group);
// @ts-expect-error nobody waits for a parameter
api.waitFor(group);
// @ts-expect-error a role is needed
api.withRoleAssignments(signalR);
// @ts-expect-error no such role
api.withRoleAssignments(signalR, "Owner");
// @ts-expect-error roles are those of a service
api.withRoleAssignments(plain, "SignalRAppServer");
// @ts-expect-error values are texts and references
api.withEnvironment("COUNT", 5);

// @ts-expect-error private endpoints lead to services
builder.addAzureVirtualNetwork("net").addSubnet("sub", "10.0.0.0/24").addPrivateEndpoint(api);

const application: Application = builder.build();
const kinds = application.resources.map((resource: Resource) => (resource.kind === "app" ? resource.start.type : ""));
await application.publish({ publisher: "bicep", folder: kinds.join("") });
// @ts-expect-error no such publisher
await application.publish({ publisher: "terraform" });
// @ts-expect-error the model is read-only once it is built
application.resources.push(api);
