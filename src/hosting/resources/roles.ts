import { SignalRError } from "../../base/errors.js";

/** Built-in roles of Azure that are about SignalR, with the ids of their definitions. */
export const SIGNALR_ROLES = Object.freeze({
  /** Connect as a hub server. */
  SignalRAppServer: "420fcaa2-552c-430f-98ca-3264be4806c7",
  /** Full use of the REST API. */
  SignalRRestApiOwner: "fd53cd77-2268-407a-8f46-7e7863d0f521",
  /** Read through the REST API. */
  SignalRRestApiReader: "ddde6b66-c0df-4114-a159-3618637b3035",
  /** Full use of the service. */
  SignalRServiceOwner: "7e4f1700-ea5a-4f59-8f37-079cfe29dce3",
  /** Create, change and delete the Azure resource itself; no use of the service. */
  SignalRContributor: "8cf5e20a-e4b2-4e9d-b3a1-5ceb692c2761",
  /** Read the access keys. */
  SignalRAccessKeyReader: "04165923-9d83-45d5-8227-78b77b0a687e",
});

/** Name of a built-in role. */
export type SignalRRole = keyof typeof SIGNALR_ROLES;

/** @throws SignalRError ARGUMENT_INVALID for a name that is no role, listing those that there are */
export function checkRoles(roles: readonly SignalRRole[]): void {
  for (const role of roles) {
    if (Object.hasOwn(SIGNALR_ROLES, role)) continue;
    const known = Object.keys(SIGNALR_ROLES).join(", ");
    throw new SignalRError("ARGUMENT_INVALID", `${JSON.stringify(role)} is no SignalR role; there are ${known}.`);
  }
}
