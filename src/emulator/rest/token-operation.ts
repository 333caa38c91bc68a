import type { RestOperation } from "./rest-call.js";
import { checkName } from "./rest-names.js";

const DEFAULT_MINUTES = 60;
const LARGEST_INT = 0x7fffffff;
const MINUTE_MS = 60_000;

/** A client token, for callers that cannot sign one themselves. */
export const TOKEN_OPERATION: RestOperation = {
  method: "POST",
  paths: [":generateToken"],
  since: "2022-11-01",
  async run({ hub, query, clientToken }) {
    const userId = query.get("userId");
    if (userId !== undefined) checkName("user", userId);
    const minutes = query.integer("minutesToExpire", 1, LARGEST_INT) ?? DEFAULT_MINUTES;
    const token = await clientToken(hub, userId, minutes * MINUTE_MS);
    return { status: 200, body: JSON.stringify({ token }) };
  },
};
