import { expect, test } from "vitest";
import { environmentProxy } from "./environment-proxy.js";

const PROXY = "http://proxy.example:3128";
const proxyFor = (url: string, variables: Record<string, string>): string | undefined =>
  environmentProxy(new URL(url), variables)?.value;

test.each([
  ["https://a.example", { HTTPS_PROXY: PROXY }, PROXY],
  ["wss://a.example", { https_proxy: PROXY }, PROXY],
  ["http://a.example", { HTTPS_PROXY: PROXY }, undefined],
  ["ws://a.example", { HTTP_PROXY: PROXY }, PROXY],
  ["https://a.example", { HTTP_PROXY: PROXY }, undefined],
  ["https://a.example", { ALL_PROXY: PROXY }, PROXY],
  ["https://a.example", { ALL_PROXY: "http://other", HTTPS_PROXY: PROXY }, PROXY],
  ["https://a.example", { HTTPS_PROXY: "http://other", https_proxy: PROXY }, PROXY],
  ["https://a.example", { HTTPS_PROXY: "  " }, undefined],
  ["https://a.example", {}, undefined],
])("%s with %j goes by %s", (url, variables, expected) => {
  expect(proxyFor(url, variables as Record<string, string>)).toBe(expected);
});

test.each(["localhost", "app.localhost", "127.0.0.1", "127.8.9.10", "[::1]"])(
  "%s is this machine: no proxy",
  (host) => {
    expect(proxyFor(`https://${host}:8888`, { HTTPS_PROXY: PROXY })).toBeUndefined();
  },
);

test.each([
  ["*", "https://a.example", true],
  ["a.example", "https://a.example", true],
  ["A.Example", "https://a.example", true],
  ["a.example", "https://x.a.example", true],
  ["a.example", "https://aa.example", false],
  [".a.example", "https://x.a.example", true],
  [".a.example", "https://a.example", true],
  ["*.a.example", "https://x.a.example", true],
  ["a.example:443", "https://a.example", true],
  ["a.example:443", "wss://a.example", true],
  ["a.example:80", "https://a.example", false],
  ["a.example:80", "ws://a.example", true],
  ["a.example:8443", "https://a.example:8443", true],
  ["10.1.2.3", "https://10.1.2.3", true],
  ["2001:db8::1", "https://[2001:db8::1]", true],
  ["[2001:db8::1]:443", "https://[2001:db8::1]", true],
  ["[2001:db8::1]:80", "https://[2001:db8::1]", false],
  ["b.example, a.example", "https://a.example", true],
  ["b.example a.example", "https://a.example", true],
  ["b.example", "https://a.example", false],
  ["", "https://a.example", false],
  [",", "https://a.example", false],
])("NO_PROXY=%s excepts %s: %s", (exceptions, url, isExcepted) => {
  const found = proxyFor(url, { ALL_PROXY: PROXY, NO_PROXY: exceptions });
  expect(found).toBe(isExcepted ? undefined : PROXY);
});
