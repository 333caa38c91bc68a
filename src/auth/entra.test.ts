import { describe, expect, test } from "vitest";
import { Secret } from "../base/secret.js";
import { parseConnectionString } from "../config/connection-string.js";
import type { EntraCredential } from "../config/endpoint.js";
import { createTokenCredential, type IdentityLibrary } from "./entra.js";

/** Credentials that only remember what they were made with. */
function recordingLibrary() {
  const made: unknown[] = [];
  const recorder = (name: string) =>
    class {
      constructor(...given: unknown[]) {
        made.push([name, ...given]);
      }
      getToken = async () => null;
    };
  const library: IdentityLibrary = {
    DefaultAzureCredential: recorder("default"),
    ManagedIdentityCredential: recorder("managed"),
    ClientSecretCredential: recorder("secret"),
    ClientCertificateCredential: recorder("certificate"),
  };
  return { made, load: async () => library };
}

function described(text: string): EntraCredential {
  const { credential } = parseConnectionString(`Endpoint=https://demo.example;${text}`);
  if (credential.kind !== "entra") throw new Error("not an identity");
  return credential;
}

const absent = (): Promise<never> =>
  Promise.reject(
    new Error("Cannot find package '@azure/identity' imported from /app/dist/auth/entra.js\nRequire stack"),
  );

describe("an identity", () => {
  test.each<[string, unknown[]]>([
    ["AuthType=azure", ["default"]],
    ["Version=1.0", ["default"]],
    ["AuthType=azure.msi", ["managed"]],
    ["AuthType=azure.msi;ClientId=c", ["managed", { clientId: "c" }]],
    ["AuthType=aad", ["managed"]],
    ["AuthType=azure.app;ClientId=c;TenantId=t;ClientSecret=s", ["secret", "t", "c", "s"]],
    ["AuthType=azure.app;ClientId=c;TenantId=t;ClientCert=/pem", ["certificate", "t", "c", "/pem"]],
  ])("of %s is made as the connection string says", async (text, expected) => {
    const { made, load } = recordingLibrary();
    await createTokenCredential(described(text), load);
    expect(made).toEqual([expected]);
  });

  test("that code gives needs no package", async () => {
    const own = { getToken: async () => null };
    const entra: EntraCredential = { kind: "entra", credential: "given", tokenCredential: () => own };
    expect(await createTokenCredential(entra, absent)).toBe(own);
  });

  test("without the package says what to install", async () => {
    const made = createTokenCredential(described("AuthType=azure"), absent);
    await expect(made).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/Cannot find package '@azure\/identity'.*npm install @azure\/identity/),
    });
    await expect(made).rejects.not.toThrow(/Require stack/);
  });

  test("that the package refuses stops the start, and shows no secret", async () => {
    const text = "AuthType=azure.app;ClientId=c;TenantId=not/a/tenant;ClientSecret=never-show-me";
    const error = await createTokenCredential(described(text)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringMatching(/refuses.*tenant/i) });
    expect(String(error)).not.toContain("never-show-me");
  });

  test("is made by the package itself", async () => {
    for (const text of [
      "AuthType=azure",
      "AuthType=azure.msi",
      "AuthType=azure.msi;ClientId=c",
      "AuthType=azure.app;ClientId=c;TenantId=t;ClientSecret=s",
      "AuthType=azure.app;ClientId=c;TenantId=t;ClientCert=/pem",
    ]) {
      expect(typeof (await createTokenCredential(described(text))).getToken).toBe("function");
    }
  });

  test("of a certificate that is not there gives no token", async () => {
    const text = "AuthType=azure.app;ClientId=c;TenantId=t;ClientCert=/no/such/file.pem";
    const credential = await createTokenCredential(described(text));
    await expect(credential.getToken("scope/.default")).rejects.toThrow(/no such file|ENOENT/);
  });

  test("keeps its secret out of what is printed", () => {
    const entra = described("AuthType=azure.app;ClientId=c;TenantId=t;ClientSecret=never-show-me");
    expect(JSON.stringify(entra)).not.toContain("never-show-me");
    expect("clientSecret" in entra && entra.clientSecret instanceof Secret).toBe(true);
  });
});
