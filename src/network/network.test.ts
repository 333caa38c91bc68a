import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createNetwork } from "./network.js";
import type { NetworkOptions } from "./options.js";

const PASSWORD = "hunter2hunter2";

test("an option wins over the environment, also for this machine; false is no proxy at all", () => {
  const variables = { HTTPS_PROXY: "http://env.example:1" };
  expect(createNetwork({}, variables).to("wss://service.example").proxy).toBe("env.example:1");
  const given = createNetwork({ proxy: "https://code.example" }, variables);
  expect([given.to("wss://service.example").proxy, given.to("ws://localhost:1").proxy]).toEqual([
    "code.example",
    "code.example",
  ]);
  expect(createNetwork({ proxy: false }, variables).to("wss://service.example").agent).toBeUndefined();
  expect(createNetwork({ proxy: new URL("http://url.example:2") }).to("ws://x.example").proxy).toBe("url.example:2");
});

test("one proxy has one agent, and a variable without a scheme means http", () => {
  const network = createNetwork({}, { HTTPS_PROXY: "proxy.example:3128", HTTP_PROXY: "http://proxy.example:3128" });
  const way = network.to("wss://a.example");
  expect(way.proxy).toBe("proxy.example:3128");
  expect(network.to("ws://b.example").agent).toBe(way.agent);
});

test.each(["socks5://proxy.example:1080", "proxy.example:3128", "http://", 5, {}, "http://%zz:x@proxy.example"])(
  "%s is refused as a proxy, and not shown",
  (proxy) => {
    const options = { proxy } as unknown as NetworkOptions;
    expect(() => createNetwork(options, {})).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(/^proxy cannot be used/) }),
    );
  },
);

test("a variable that is no address is told by its name", () => {
  const network = createNetwork({}, { ALL_PROXY: `socks5://user:${PASSWORD}@proxy.example` });
  expect(() => network.to("https://a.example")).toThrow(/^ALL_PROXY cannot be used as a proxy; allowed is an http/);
});

test("the password of a proxy can be seen nowhere", () => {
  const way = createNetwork({ proxy: `http://user:${PASSWORD}@proxy.example:3128` }).to("wss://a.example");
  expect(way.proxy).toBe("proxy.example:3128");
  const shown = inspect(way, { depth: 9, showHidden: true });
  expect(shown).not.toContain(PASSWORD);
  expect(shown).not.toContain(Buffer.from(`user:${PASSWORD}`).toString("base64"));
});

test.each([
  [{ ca: "no certificate" }, /^tls\.ca cannot be used/],
  [{ ca: ["", "x"] }, /^tls\.ca cannot be used/],
  [{ cert: "x", key: "y" }, /^tls\.cert or tls\.key cannot be used/],
  [5, /^tls must be an object/],
  ["pem", /^tls must be an object/],
])("tls: %j is refused", (tls, message) => {
  const options = { tls } as unknown as NetworkOptions;
  expect(() => createNetwork(options)).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) }),
  );
});
