import { describe, expect, test } from "vitest";
import { publishing } from "../../test/support/hosting-models.js";
import { type BuilderOptions, createBuilder } from "./builder.js";
import type { SignalRRole } from "./resources/roles.js";
import { expression, type Reference, resolveValue } from "./values.js";

function running(options: BuilderOptions = {}) {
  return createBuilder({ args: [], folder: "/apphost", configuration: {}, environment: {}, ...options });
}

const invalid = (text: string | RegExp) =>
  expect.objectContaining({
    code: "ARGUMENT_INVALID",
    message: typeof text === "string" ? expect.stringContaining(text) : expect.stringMatching(text),
  });

/** A text for every reference, which tells what it refers to. */
function nameOf(reference: Reference): string {
  switch (reference.kind) {
    case "parameter":
      return `<${reference.name}>`;
    case "output":
      return `<${reference.resource}.${reference.output}>`;
    case "endpoint":
      return `<${reference.app.name}.${reference.endpoint}.${reference.property}>`;
    default:
      return `<${reference.source.name}.${reference.kind}>`;
  }
}

describe("the command line of an app host", () => {
  test.each([
    [[], "run"],
    [["--publisher", "manifest"], "publish"],
    [["--operation", "publish"], "publish"],
    [["--operation", "run", "--own", "argument"], "run"],
  ] as const)("%j means %s", (args, mode) => {
    expect(running({ args }).mode).toBe(mode);
  });

  test.each([
    [["--publisher", "docker"], '--publisher is "docker"; allowed are bicep and manifest.'],
    [["--operation", "fly"], '--operation is "fly"; allowed are run and publish.'],
  ])("%j is refused", (args, text) => {
    expect(() => running({ args })).toThrow(invalid(text));
  });

  test("can be overruled in code", () => {
    expect(running({ args: ["--publisher", "manifest"], mode: "run" }).mode).toBe("run");
  });
});

describe("a model", () => {
  test("keeps its resources in order, under names that are used once", () => {
    const builder = running();
    builder.addAzureSignalR("signalr");
    builder.addNodeApp("api", "api.js");
    expect(() => builder.addParameter("SignalR")).toThrow(invalid("There is a resource named SignalR already"));
    expect(() => builder.addNodeApp("my_api", "api.js")).toThrow(invalid("A resource cannot be named"));
    expect(builder.build().resources.map(({ name }) => name)).toEqual(["signalr", "api"]);
  });

  test("cannot be changed any more once it is built", () => {
    const builder = running();
    const signalR = builder.addAzureSignalR("signalr");
    const app = builder.addNodeApp("api", "api.js");
    builder.build();
    for (const change of [
      () => builder.addParameter("late"),
      () => builder.build(),
      () => signalR.runAsEmulator(),
      () => signalR.asExisting("x"),
      () => app.withReference(signalR),
      () => app.withEnvironment("A", "b"),
    ]) {
      expect(change).toThrow(invalid("The application is built"));
    }
  });

  test("is fluent: everything gives back what it was called on", () => {
    const builder = publishing();
    const signalR = builder.addAzureSignalR("signalr");
    const app = builder.addNodeApp("api", "api.js");
    const results = [
      signalR
        .runAsEmulator()
        .configureInfrastructure(() => {})
        .clearDefaultRoleAssignments()
        .publishAsConnectionString(),
      signalR.runAsExisting("a").publishAsExisting("b", "c").asExisting("d"),
    ];
    expect(results.every((result) => result === signalR)).toBe(true);
    expect(
      app
        .withReference(signalR)
        .waitFor(signalR)
        .withEnvironment("A", "b")
        .withArgs("c")
        .withHttpEndpoint()
        .withExternalHttpEndpoints()
        .withHttpHealthCheck()
        .withReplicas(2)
        .withRoleAssignments(signalR, "SignalRAppServer")
        .publishAsDockerFile(),
    ).toBe(app);
  });
});

describe("an Azure SignalR resource", () => {
  test("is an emulator only when running", () => {
    const run = running().addAzureSignalR("signalr");
    expect(run.isEmulator).toBe(false);
    run.runAsEmulator().runAsEmulator((emulator) => {
      emulator.maxClients = 10;
    });
    expect(run.emulator).toEqual({ port: 0, maxClients: 10 });
    const published = publishing().addAzureSignalR("signalr");
    published.runAsEmulator(() => expect.unreachable("there is no emulator"));
    expect(published.isEmulator).toBe(false);
  });

  test("stands for the existing service of its mode; the last word counts", () => {
    const declare = (builder: ReturnType<typeof running>) =>
      builder.addAzureSignalR("signalr").asExisting("both").runAsExisting("local").publishAsExisting("far", "group");
    expect(declare(running()).existing).toMatchObject({ name: "local", resourceGroup: undefined });
    expect(declare(publishing()).existing).toMatchObject({ name: "far", resourceGroup: "group" });
    expect(running().addAzureSignalR("a").publishAsExisting("far").existing).toBeUndefined();
    expect(() => running().addAzureSignalR("a").asExisting("")).toThrow(invalid("must not be empty"));
  });

  test("refuses a mode that there is not", () => {
    expect(() => running().addAzureSignalR("signalr", { serviceMode: "Classic" as "Default" })).toThrow(
      invalid('serviceMode of signalr is "Classic"; allowed are Default and Serverless.'),
    );
  });

  test("gives roles by its mode, unless they are cleared", () => {
    const builder = running();
    expect(builder.addAzureSignalR("a").defaultRoles).toEqual(["SignalRAppServer"]);
    const serverless = builder.addAzureSignalR("b", { serviceMode: "Serverless" });
    expect(serverless.defaultRoles).toEqual(["SignalRAppServer", "SignalRRestApiOwner"]);
    expect(serverless.clearDefaultRoleAssignments().defaultRoles).toEqual([]);
  });
});

describe("an app", () => {
  test("gets connection string and address of a service, under another name if asked for", async () => {
    const builder = running();
    const signalR = builder.addAzureSignalR("my-signalr");
    const plain = builder.addConnectionString("plain");
    const app = builder.addNodeApp("api", "api.js").withReference(signalR).withReference(plain);
    app.withReference(signalR, { connectionName: "2nd" });
    const texts = await Promise.all(
      app.environment.map(async ({ name, value }) => `${name}=${await resolveValue(value, nameOf)}`),
    );
    expect(texts).toEqual([
      "NODE_ENV=development",
      "ConnectionStrings__my-signalr=<my-signalr.connectionString>",
      "MY_SIGNALR_URI=<my-signalr.uri>",
      "ConnectionStrings__plain=<plain.connectionString>",
      "ConnectionStrings__2nd=<my-signalr.connectionString>",
      "_2ND_URI=<my-signalr.uri>",
    ]);
  });

  test("gets the endpoints of another app, also those that come later, and its own port", async () => {
    const builder = running();
    const api = builder.addNodeApp("api", "api.js");
    const web = builder.addExecutable("web", "python", "web").withReference(api).withHttpEndpoint({ env: "PORT" });
    api.withHttpEndpoint().withHttpEndpoint({ name: "admin", port: 9000 });
    const texts = await Promise.all(
      web.environment.map(async ({ name, value }) => `${name}=${await resolveValue(value, nameOf)}`),
    );
    expect(texts).toEqual([
      "PORT=<web.http.targetPort>",
      "services__api__http__0=<api.http.url>",
      "services__api__admin__0=<api.admin.url>",
    ]);
  });

  test("takes the last value of a variable, which may be put together", async () => {
    const builder = running();
    const key = builder.addParameter("key", { secret: true });
    const signalR = builder.addAzureSignalR("signalr");
    const app = builder
      .addExecutable("app", "app", ".")
      .withEnvironment("A", "first")
      .withEnvironment("A", expression`https://${signalR.hostName}/?${expression`k=${key}`}&${"{x}"}`);
    expect(app.environment).toHaveLength(1);
    const [variable] = app.environment;
    expect(await resolveValue(variable?.value ?? "", nameOf)).toBe("https://<signalr.hostName>/?k=<key>&{x}");
  });

  test("hands arguments on through npm, and its port to Vite", () => {
    const builder = running();
    expect(builder.addNpmApp("plain", "web").args).toEqual(["run", "start"]);
    expect(builder.addNpmApp("api", "web", "serve").withArgs("--fast").args).toEqual(["run", "serve", "--", "--fast"]);
    const vite = builder.addViteApp("web", "web");
    expect(vite.args).toEqual(["run", "dev", "--", "--port", vite.endpoint("http", "targetPort")]);
    expect(vite.start.folder).toBe("/apphost/web");
    expect(publishing().addViteApp("web", "web").args).toEqual(["run", "dev"]);
  });

  test("remembers what it waits for, its health check and its replicas", () => {
    const builder = running();
    const signalR = builder.addAzureSignalR("signalr");
    const app = builder.addNodeApp("api", "api.js").waitFor(signalR).withHttpEndpoint({ name: "web" }).withReplicas(3);
    app.withHttpHealthCheck().withHttpHealthCheck({ path: "/alive", endpoint: "other" });
    expect(app.waits).toEqual([{ resource: signalR }]);
    expect(app.replicas).toBe(3);
    expect(app.healthChecks).toEqual([
      { path: "/health", endpoint: "web" },
      { path: "/alive", endpoint: "other" },
    ]);
  });

  test("refuses what cannot be", () => {
    const builder = running();
    const signalR = builder.addAzureSignalR("signalr");
    const app = builder.addNodeApp("api", "api.js").withHttpEndpoint();
    for (const [mistake, text] of [
      [() => app.withReference(app), "api cannot refer to itself"],
      [() => app.waitFor(app), "api cannot wait for itself"],
      [() => app.withHttpEndpoint(), "api has an endpoint named http already"],
      [() => app.withHttpEndpoint({ name: "a b" }), "An endpoint of api cannot be named"],
      [() => app.withHttpEndpoint({ name: "b", port: 0 }), "port of an endpoint of api is 0"],
      [() => app.withHttpEndpoint({ name: "c", targetPort: 70_000 }), "targetPort of an endpoint of api is 70000"],
      [() => app.withHttpEndpoint({ name: "d", env: "A=B" }), "an environment variable cannot be named"],
      [() => app.withEnvironment("", "x"), "an environment variable cannot be named"],
      [() => app.withReference(signalR, { connectionName: "a=b" }), "an environment variable cannot be named"],
      [() => app.withReplicas(0), "api cannot have 0 replicas"],
      [() => app.withReplicas(1.5), "api cannot have 1.5 replicas"],
      [() => app.withHttpHealthCheck({ path: "health" }), "must start with a slash"],
      [
        () => app.withRoleAssignments(signalR, "Owner" as SignalRRole),
        '"Owner" is no SignalR role; there are SignalRAppServer',
      ],
      [() => builder.addExecutable("x", "", "."), "the command must not be empty"],
    ] as const) {
      expect(mistake).toThrow(invalid(text));
    }
  });
});

describe("values from outside", () => {
  test("come from the configuration, else the default", () => {
    const builder = running({
      configuration: { Parameters: { one: "configured" }, ConnectionStrings: { signalr: "Endpoint=https://x" } },
    });
    expect(builder.addParameter("One", { default: "preset" }).value).toBe("configured");
    expect(builder.addParameter("two", { default: "preset" }).value).toBe("preset");
    expect(builder.addConnectionString("signalr").value).toBe("Endpoint=https://x");
  });

  test("that are missing are an error that names the key", () => {
    const builder = running();
    expect(() => builder.addParameter("key").value).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: expect.stringContaining("Parameters:key is missing"),
      }),
    );
    expect(() => builder.addConnectionString("signalr").value).toThrow(
      expect.objectContaining({
        code: "CONNECTION_STRING_MISSING",
        message: expect.stringMatching(/^ConnectionStrings:signalr is missing: .*ConnectionStrings__signalr\.$/),
      }),
    );
  });

  test("that are secret have no default in code", () => {
    expect(() => running().addParameter("key", { secret: true, default: "hush" })).toThrow(
      invalid(/^Parameter key is secret(?!.*hush)/),
    );
  });
});

describe("a network", () => {
  test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0/16", "fd00::/129", "x/8", ""])("has no addresses %j", (addresses) => {
    expect(() => publishing().addAzureVirtualNetwork("net", addresses)).toThrow(invalid("Addresses of net are"));
  });

  test("has a subnet of a name once", () => {
    const network = publishing().addAzureVirtualNetwork("net");
    network.addSubnet("a", "10.0.0.0/24");
    expect(() => network.addSubnet("A", "10.0.1.0/24")).toThrow(invalid("net has a subnet named A already"));
    expect(() => network.addSubnet("a_b", "10.0.1.0/24")).toThrow(invalid("A resource cannot be named"));
    expect(() => network.addSubnet("b", "10.0.1.0")).toThrow(invalid("Addresses of b"));
  });
});
