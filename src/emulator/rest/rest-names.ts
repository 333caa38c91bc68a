import { isHubName, LONGEST_HUB_NAME } from "../hub-name.js";
import { badRequest } from "./rest-answer.js";

const LONGEST_NAME = 1024;
const LONGEST_STREAM_ID = 100;

/** Refuses a part of an address that the service would not take for what it has to be. */
export function checkName(part: string, value: string): void {
  switch (part) {
    case "hub":
    case "application":
      if (!isHubName(value)) throw wrong(part, `a letter, then letters, digits and _ \` , . [ ]`, LONGEST_HUB_NAME);
      break;
    case "group":
      if (value.length > LONGEST_NAME || value.trim() === "") throw wrong(part, "not only white space", LONGEST_NAME);
      break;
    case "user":
      if (value.length > LONGEST_NAME || value === "") throw wrong(part, "not empty", LONGEST_NAME);
      break;
    case "stream":
      if (value.length > LONGEST_STREAM_ID || value.trim() === "") {
        throw wrong(part, "not only white space", LONGEST_STREAM_ID);
      }
      break;
    default:
      if (value === "") throw badRequest(`The ${part} in the address is empty.`, part);
  }
}

function wrong(part: string, allowed: string, longest: number): Error {
  return badRequest(`The ${part} is no good name: ${allowed}, at most ${longest} characters.`, part);
}
