import { describe, expect, test } from "vitest";
import { buildTokenClaims, longClaimType, restoreUser, shortClaimType } from "./claims.js";

describe("claims of a client's token", () => {
  test("a user cannot name system claims", () => {
    const claims = buildTokenClaims({
      userId: "ann",
      claims: [
        ["asrs.s.uid", "admin"],
        ["asrs.s.sn", "other"],
        ["x", "1"],
      ],
    });
    expect(claims).toEqual([
      ["asrs.s.uid", "ann"],
      ["x", "1"],
    ]);
  });

  test("reserved names are hidden under their long form too, and come back", () => {
    const long = "http://schemas.microsoft.com/claims/authnclassreference";
    const claims = buildTokenClaims({ claims: [[long, "1"]] });
    expect(claims).toEqual([["asrs.u.acr", "1"]]);
    expect(restoreUser(claims).claims).toEqual([["acr", "1"]]);
  });

  test("a sticky token names mode and server only together", () => {
    expect(buildTokenClaims({ stickyMode: "Required" })).toEqual([]);
    expect(buildTokenClaims({ stickyMode: "Preferred", serverName: "s" })).toEqual([
      ["asrs.s.sn", "s"],
      ["asrs.s.ssticky", "Preferred"],
    ]);
  });

  test.each([
    [0, undefined],
    [1, "1"],
    [14.9, "14"],
    [15, undefined],
    [30, "30"],
    [31, undefined],
    [Number.NaN, undefined],
  ])("a handshake timeout of %d seconds is told as %s", (handshakeTimeoutSeconds, told) => {
    const claims = buildTokenClaims({ handshakeTimeoutSeconds });
    expect(claims).toEqual(told === undefined ? [] : [["asrs.s.cht", told]]);
  });

  test("what .NET assumes anyway is not told", () => {
    const claims = buildTokenClaims({
      authenticationType: "Bearer",
      nameType: longClaimType("unique_name"),
      roleType: longClaimType("role"),
      endpointsCount: 1,
      enableDetailedErrors: false,
      closeOnAuthenticationExpiration: true,
      userId: null,
    });
    expect(claims).toEqual([]);
  });
});

describe("the user restored at the hub server", () => {
  test("keeps long types and repeats, and drops what belongs to the token", () => {
    const user = restoreUser([
      ["asrs.s.uid", "ann"],
      ["asrs.s.uid", "second"],
      ["asrs.s.secn", "2"],
      [longClaimType("role"), "a"],
      ["role", "b"],
      ["nbf", "1"],
      ["exp", "2"],
      ["iat", "1"],
      ["iss", "azure-signalr"],
      ["aud", "http://h/client/?hub=x"],
      ["asrs.u.iss", "login"],
    ]);
    expect(user.claims).toEqual([
      [longClaimType("role"), "a"],
      ["role", "b"],
      ["iss", "login"],
    ]);
    expect(user.userIdentifier).toBe("ann");
    expect(user.authenticationType).toBe("Bearer");
  });

  test("is anonymous without claims of its own, whatever the system claims say", () => {
    const user = restoreUser([
      ["asrs.s.aut", "Cookies"],
      ["asrs.s.uid", ""],
      ["exp", "1"],
    ]);
    expect(user).toMatchObject({ claims: [], authenticationType: null, userIdentifier: "" });
  });

  test("without the claim there is no user id, even beside nameid and sub", () => {
    expect(
      restoreUser([
        ["nameid", "a"],
        ["sub", "b"],
      ]).userIdentifier,
    ).toBeNull();
  });
});

test("types outside the map, and names of Object.prototype, stay as they are", () => {
  for (const type of ["sub", "constructor", "__proto__", "toString", ""]) {
    expect(shortClaimType(type)).toBe(type);
    expect(longClaimType(type)).toBe(type);
  }
});
