import { describe, expect, test } from "vitest";
import {
  accessKeyUrl,
  clientAudience,
  clientUrl,
  originalPathOf,
  serverAudience,
  serverUrl,
  serviceHubName,
} from "../../src/auth/service-urls.js";
import { SignalRError } from "../../src/base/errors.js";
import { parseConnectionString } from "../../src/config/connection-string.js";
import type { EndpointType } from "../../src/config/endpoint.js";
import {
  createEndpoint,
  type EndpointInput,
  endpointsEqual,
  parseEndpointKey,
} from "../../src/config/service-endpoint.js";
import { readSharedData } from "./shared-data.js";

interface ParseCase {
  readonly connectionString: string;
  readonly auth: "accessKey" | "entra";
  readonly accessKey?: string;
  readonly credential?: string;
  readonly clientId?: string;
  readonly tenantId?: string;
  readonly endpoint?: string;
  readonly clientEndpoint?: string;
  readonly serverEndpoint?: string;
  readonly audienceBaseUrl?: string;
  readonly version?: string;
  readonly explicitClientEndpoint?: string | null;
  readonly explicitServerEndpoint?: string | null;
}

interface EndpointText {
  readonly connectionString: string;
  readonly key?: string;
  readonly name?: string;
  readonly endpointType?: string;
}

interface UrlCase {
  readonly applicationName: string | null;
  readonly path: string | null;
  readonly query: string;
  readonly serverUrl: string;
  readonly serverAudience: string;
  readonly clientUrl: string;
  readonly clientAudience: string;
}

interface NegotiateCase {
  readonly hub: string;
  readonly applicationName?: string;
  readonly requestPath: string;
  readonly requestQuery: string;
  readonly requestId: string;
  readonly clientUrlEndsWith?: string;
  readonly clientUrl?: string;
}

interface Cases {
  readonly parse: readonly ParseCase[];
  readonly invalid: ReadonlyArray<{ readonly connectionString: string; readonly messageMustContain: string }>;
  readonly authorizeUrl: ReadonlyArray<{ readonly connectionString: string; readonly authorizeUrl: string }>;
  readonly endpointKey: ReadonlyArray<{ readonly key: string; readonly name: string; readonly endpointType: string }>;
  readonly endpointConstructor: {
    readonly valid: ReadonlyArray<{ readonly url: string; readonly endpoint: string }>;
    readonly invalid: readonly string[];
  };
  readonly equality: ReadonlyArray<{ readonly a: EndpointText; readonly b: EndpointText; readonly equal: boolean }>;
  readonly urls: { readonly connectionString: string; readonly hub: string; readonly cases: readonly UrlCase[] };
  readonly negotiateUrls: readonly NegotiateCase[];
}

const OWN: Cases = {
  parse: [
    {
      connectionString: "Endpoint=https://Orders.Service.SignalR.net/;AccessKey=b3JkZXJz==;Version=1.0;",
      auth: "accessKey",
      accessKey: "b3JkZXJz==",
      endpoint: "https://orders.service.signalr.net",
      clientEndpoint: "https://orders.service.signalr.net",
      serverEndpoint: "https://orders.service.signalr.net",
      audienceBaseUrl: "https://orders.service.signalr.net/",
      version: "1.0",
      explicitClientEndpoint: null,
      explicitServerEndpoint: null,
    },
    {
      connectionString: "accesskey = k ; ENDPOINT = http://[::1]:80 ; port = 9090 ; note ; colour=red",
      auth: "accessKey",
      accessKey: "k",
      endpoint: "http://[::1]:9090",
      audienceBaseUrl: "http://[::1]/",
    },
    {
      connectionString:
        "Endpoint=https://in.side;ServerEndpoint=https://Front:444/Api/;ClientEndpoint=http://front:80;AuthType=Azure.MSI;ClientId=me",
      auth: "entra",
      credential: "managedIdentity",
      clientId: "me",
      endpoint: "https://in.side",
      serverEndpoint: "https://front:444/Api",
      clientEndpoint: "http://front",
      explicitClientEndpoint: "http://front",
      explicitServerEndpoint: "https://front:444/Api",
    },
    { connectionString: "Endpoint=https://a;AuthType=azure;AccessKey=unused", auth: "entra", credential: "default" },
    { connectionString: "Endpoint=https://a;AuthType=other;AccessKey=used", auth: "accessKey", accessKey: "used" },
    { connectionString: "Endpoint=https://a;AuthType=other", auth: "entra", credential: "default" },
    {
      connectionString: "Endpoint=https://a;AuthType=AZURE.APP;ClientId=c;TenantId=t;ClientSecret=s;ClientCert=/c.pem",
      auth: "entra",
      credential: "clientSecret",
      clientId: "c",
      tenantId: "t",
    },
  ],
  invalid: [
    { connectionString: "", messageMustContain: "Connection string missing required properties endpoint." },
    { connectionString: ";;;", messageMustContain: "Connection string missing required properties endpoint." },
    { connectionString: "Endpoint=https:/a;AccessKey=k", messageMustContain: "Invalid value for endpoint property" },
    { connectionString: "Endpoint=https://;AccessKey=k", messageMustContain: "Invalid value for endpoint property" },
    { connectionString: "Endpoint=https://a;AccessKey=k;Port=-1", messageMustContain: "(0, 65536)" },
    { connectionString: "Endpoint=https://a;AccessKey=k;Port=65536", messageMustContain: "(0, 65536)" },
    { connectionString: "Endpoint=https://a;AccessKey=", messageMustContain: "accesskey is required." },
    {
      connectionString: "Endpoint=https://a;AccessKey=k;accessKEY=k",
      messageMustContain: "Duplicate properties found in connection string: accessKEY.",
    },
    {
      connectionString: "Endpoint=https://a;AccessKey=k;Version=1.",
      messageMustContain: "Version 1. is not supported.",
    },
    {
      connectionString: "Endpoint=https://a;AccessKey=k;ServerEndpoint=//b",
      messageMustContain: "Invalid value for serverEndpoint property",
    },
  ],
  authorizeUrl: [
    { connectionString: "Endpoint=https://a;AuthType=azure", authorizeUrl: "https://a/api/v1/auth/accessKey" },
    {
      connectionString: "Endpoint=https://a;AuthType=azure;ServerEndpoint=http://b:8/c/",
      authorizeUrl: "http://b:8/c/api/v1/auth/accessKey",
    },
  ],
  endpointKey: [
    { key: "east", name: "east", endpointType: "Primary" },
    { key: "secondary", name: "secondary", endpointType: "Primary" },
    { key: "a:b:Secondary", name: "a:b", endpointType: "Secondary" },
    { key: "a:", name: "a:", endpointType: "Primary" },
  ],
  endpointConstructor: {
    valid: [{ url: "HTTPS://Host.Example:443/path", endpoint: "https://host.example" }],
    invalid: ["", "//host", "wss://host"],
  },
  equality: [
    {
      a: { connectionString: "Endpoint=https://a;AccessKey=1", key: "x:secondary" },
      b: { connectionString: "Endpoint=HTTPS://A:443/;AccessKey=2", name: "x", endpointType: "Secondary" },
      equal: true,
    },
    {
      a: { connectionString: "Endpoint=https://a;AccessKey=1" },
      b: { connectionString: "Endpoint=https://a;AccessKey=1;ClientEndpoint=https://b" },
      equal: false,
    },
    {
      a: { connectionString: "Endpoint=https://a;AccessKey=1" },
      b: { connectionString: "Endpoint=https://a;AccessKey=1;ServerEndpoint=https://b" },
      equal: false,
    },
  ],
  urls: {
    connectionString: "Endpoint=http://own:81;AccessKey=k",
    hub: "RoomHub",
    cases: [
      {
        applicationName: "Shop",
        path: "/api/room",
        query: "a=1&a=2&b=%20",
        serverUrl: "http://own:81/server/?hub=shop_roomhub",
        serverAudience: "http://own/server/?hub=shop_roomhub",
        clientUrl: "http://own:81/client/?hub=shop_roomhub&asrs.op=%2Fapi%2Froom&a=1&a=2&b=%20",
        clientAudience: "http://own/client/?hub=shop_roomhub",
      },
    ],
  },
  negotiateUrls: [
    {
      hub: "Room",
      requestPath: "/room/negotiate//",
      requestQuery: "?x",
      requestId: "1+2",
      clientUrlEndsWith: "?hub=room&asrs.op=%2Froom&x&asrs_request_id=1%2B2",
    },
    {
      hub: "Room",
      requestPath: "/room",
      requestQuery: "?",
      requestId: "",
      clientUrlEndsWith: "?hub=room&asrs_request_id=",
    },
  ],
};

const shared = readSharedData<Cases>("protocol/connection-strings.json");
const sets = { own: OWN, ...(shared === undefined ? {} : { shared }) };

for (const [name, cases] of Object.entries(sets)) {
  const counts = Object.entries(cases)
    .filter(([, value]) => Array.isArray(value))
    .map(([section, value]) => `${section} ${(value as readonly unknown[]).length}`);
  console.log(`connection strings, ${name} set: ${counts.join(", ")}, urls ${cases.urls.cases.length}`);
}
if (shared === undefined) console.log("connection strings: shared test data is not here, only our own set ran");

describe.each(Object.entries(sets))("connection strings, %s set", (_name, cases) => {
  test.each(cases.parse)("reads $connectionString", (expected) => {
    const parsed = parseConnectionString(expected.connectionString);
    expect(parsed.credential.kind).toBe(expected.auth);
    for (const key of ["endpoint", "clientEndpoint", "serverEndpoint", "audienceBaseUrl", "version"] as const) {
      if (expected[key] !== undefined) expect(parsed[key]).toBe(expected[key]);
    }
    if (expected.explicitClientEndpoint !== undefined) {
      expect(parsed.hasClientEndpoint ? parsed.clientEndpoint : null).toBe(expected.explicitClientEndpoint);
    }
    if (expected.explicitServerEndpoint !== undefined) {
      expect(parsed.hasServerEndpoint ? parsed.serverEndpoint : null).toBe(expected.explicitServerEndpoint);
    }
    if (parsed.credential.kind === "accessKey") {
      if (expected.accessKey !== undefined) expect(parsed.credential.accessKey.reveal()).toBe(expected.accessKey);
    } else {
      if (expected.credential !== undefined) expect(parsed.credential.credential).toBe(expected.credential);
      if (expected.clientId !== undefined) expect(parsed.credential).toMatchObject({ clientId: expected.clientId });
      if (expected.tenantId !== undefined) expect(parsed.credential).toMatchObject({ tenantId: expected.tenantId });
    }
  });

  test.each(cases.invalid)("refuses $connectionString", ({ connectionString, messageMustContain }) => {
    const error = thrownBy(() => parseConnectionString(connectionString));
    expect(error.code).toBe("CONNECTION_STRING_INVALID");
    expect(error.message).toContain(messageMustContain);
  });

  test.each(cases.authorizeUrl)("leases keys at $authorizeUrl", ({ connectionString, authorizeUrl }) => {
    const url = accessKeyUrl(createEndpoint({ connectionString }));
    expect(url.toLowerCase()).toBe(authorizeUrl.toLowerCase());
    expect(url.endsWith("/api/v1/auth/accessKey")).toBe(true);
  });

  test.each(cases.endpointKey)("takes the endpoint key '$key' apart", ({ key, name, endpointType }) => {
    expect(parseEndpointKey(key)).toEqual({ name, type: endpointType.toLowerCase() });
  });

  test.each(cases.endpointConstructor.valid)("makes an endpoint of the address $url", ({ url, endpoint }) => {
    expect(createEndpoint({ endpoint: url })).toMatchObject({
      endpoint,
      serverEndpoint: endpoint,
      clientEndpoint: endpoint,
    });
  });

  test.each(cases.endpointConstructor.invalid)("refuses the address '%s'", (url) => {
    expect(thrownBy(() => createEndpoint({ endpoint: url })).message).toContain(
      "Endpoint scheme must be 'http://' or 'https://'",
    );
  });

  test.each(cases.equality)("compares endpoints: equal $equal", ({ a, b, equal }) => {
    expect(endpointsEqual(endpointOf(a), endpointOf(b))).toBe(equal);
    expect(endpointsEqual(endpointOf(b), endpointOf(a))).toBe(equal);
  });

  test.each(cases.urls.cases)("addresses: $clientUrl", (expected) => {
    const endpoint = createEndpoint({ connectionString: cases.urls.connectionString });
    const hub = serviceHubName(cases.urls.hub, expected.applicationName ?? undefined);
    expect(serverUrl(endpoint, hub, { connectionId: "c1" })).toBe(
      `${expected.serverUrl.replace(/^http/, "ws")}&cid=c1`,
    );
    expect(clientUrl(endpoint, hub, { originalPath: expected.path ?? undefined, query: expected.query })).toBe(
      expected.clientUrl,
    );
    expect(serverAudience(endpoint, hub)).toBe(expected.serverAudience);
    expect(clientAudience(endpoint, hub)).toBe(expected.clientAudience);
  });

  test.each(cases.negotiateUrls)("sends a client of $requestPath on with $requestQuery and $requestId", (given) => {
    const endpoint = createEndpoint({ connectionString: "Endpoint=http://localhost3;AccessKey=k" });
    const url = clientUrl(endpoint, serviceHubName(given.hub, given.applicationName), {
      originalPath: originalPathOf(given.requestPath),
      query: given.requestQuery,
      requestId: given.requestId,
    });
    const tail = given.clientUrlEndsWith ?? given.clientUrl ?? "missing expectation";
    expect(url.endsWith(tail)).toBe(true);
    expect(url.startsWith("http://localhost3/client/?hub=")).toBe(true);
  });
});

function endpointOf(given: EndpointText) {
  const { connectionString, key, name, endpointType } = given;
  const input: EndpointInput = {
    connectionString,
    ...(key === undefined ? {} : { key }),
    ...(name === undefined ? {} : { name }),
    ...(endpointType === undefined ? {} : { type: endpointType.toLowerCase() as EndpointType }),
  };
  return createEndpoint(input);
}

function thrownBy(run: () => unknown): SignalRError {
  try {
    run();
  } catch (error) {
    if (error instanceof SignalRError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
