import { createBuilder } from "azure-signalr-server/hosting";

const builder = createBuilder();
const signalR = builder.addAzureSignalR("signalr").runAsEmulator();

const api = builder
  .addNodeApp("api", "api.js")
  .withReference(signalR)
  .waitFor(signalR)
  .withHttpEndpoint({ env: "PORT" })
  .withHttpHealthCheck();

const web = builder
  .addNodeApp("web", "web.js")
  .withReference(api)
  .waitFor(api)
  .withHttpEndpoint({ env: "PORT" })
  .withExternalHttpEndpoints()
  .withHttpHealthCheck();

// Browsers ask whether pages of the one may call the other.
api.withEnvironment("WEB_ORIGIN", web.endpoint("http")).withExternalHttpEndpoints();

await builder.build().run();
