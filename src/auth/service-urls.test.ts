import { describe, expect, test } from "vitest";
import { createEndpoint } from "../config/service-endpoint.js";
import {
  clientUrl,
  healthUrl,
  originalPathOf,
  restUrl,
  serverAudience,
  serverUrl,
  serviceHubName,
} from "./service-urls.js";

const endpoint = createEndpoint({
  connectionString: "Endpoint=https://svc:444;AccessKey=k;ServerEndpoint=https://in/path;ClientEndpoint=http://out:81",
});

describe("addresses at the service", () => {
  test("server connections go to the server endpoint, its path in front, over websockets", () => {
    expect(serverUrl(endpoint, "chat", { connectionId: "id" })).toBe("wss://in/path/server/?hub=chat&cid=id");
    expect(serverUrl(endpoint, "chat", { connectionId: "id", target: "in stance&1" })).toBe(
      "wss://in/path/server/?hub=chat&cid=id&target=in+stance%261",
    );
  });

  test("audiences know neither port nor the other endpoints", () => {
    expect(serverAudience(endpoint, "chat")).toBe("https://svc/server/?hub=chat");
  });

  test("a client's own query passes unchanged, the service's members around it", () => {
    const url = clientUrl(endpoint, "chat", {
      originalPath: "/a b/~x'ü",
      query: "?q=%20&q=+&access_token=t#frag",
      requestId: "AAA=",
      culture: "de-DE",
      uiCulture: "en",
    });
    expect(url).toBe(
      "http://out:81/client/?hub=chat&asrs.op=%2Fa+b%2F%7Ex%27%C3%BC&q=%20&q=+&access_token=t%23frag" +
        "&asrs_request_id=AAA%3D&asrs_lang=de-DE&asrs_ui_lang=en",
    );
  });

  test("half a surrogate pair in a path is no error", () => {
    expect(clientUrl(endpoint, "chat", { originalPath: "/\ud800" })).toContain("asrs.op=%2F%EF%BF%BD");
  });

  test("REST and health go to the server endpoint", () => {
    expect(restUrl(endpoint, "/api/hubs/chat")).toBe("https://in/path/api/hubs/chat");
    expect(healthUrl(endpoint)).toBe("https://in/path/api/health");
  });

  test("hub names are lower case, behind the application's name", () => {
    expect(serviceHubName("ChatHub")).toBe("chathub");
    expect(serviceHubName("ChatHub", "Shop")).toBe("shop_chathub");
    expect(serviceHubName("ChatHub", "")).toBe("chathub");
  });

  test.each([
    ["/chat/negotiate", "/chat"],
    ["/Chat/NEGOTIATE///", "/Chat"],
    ["/negotiate", ""],
    ["/chat", ""],
    ["/chatnegotiate", ""],
    ["", ""],
    ["///", ""],
  ])("the original path of '%s' is '%s'", (path, original) => {
    expect(originalPathOf(path)).toBe(original);
  });
});
