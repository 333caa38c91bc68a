/** Codes that SDKs tell a thing that is not there from a wrong address by. */
export type RestErrorCode =
  | "Warning.Connection.NotExisted"
  | "Warning.User.NotExisted"
  | "Warning.Group.NotExisted"
  | "Info.User.NotInGroup"
  | "Error.Connection.NotExisted"
  | "BadRequest"
  | "NotFound"
  | "MethodNotAllowed"
  | "PayloadTooLarge"
  | "UnsupportedMediaType"
  | "InvocationFailed"
  | "InvocationTimeout";

/** What a request of the REST API is answered with. */
export interface RestAnswer {
  readonly status: number;
  /** JSON text. */
  readonly body?: string;
  /** For the header `x-ms-error-code`. */
  readonly errorCode?: RestErrorCode;
  /** For the header `Allow`. */
  readonly allow?: readonly string[];
}

/** A request that cannot be served, with the answer that says so. */
export class RestRefusal extends Error {
  override readonly name = "RestRefusal";
  readonly answer: RestAnswer;

  constructor(answer: RestAnswer, message: string) {
    super(message);
    this.answer = answer;
  }
}

/** Done, with nothing to say. */
export const OK: RestAnswer = Object.freeze({ status: 200 });
/** Taken, whether or not anybody is there to receive it. */
export const ACCEPTED: RestAnswer = Object.freeze({ status: 202 });
export const NO_CONTENT: RestAnswer = Object.freeze({ status: 204 });

/** Something went wrong, told as the service's error model. */
export function errorAnswer(status: number, code: RestErrorCode, message: string, target?: string): RestAnswer {
  const body = JSON.stringify({ code, message, target });
  // Others are no news to SDKs: the status says it all.
  return code.includes(".") ? { status, body, errorCode: code } : { status, body };
}

/** The request itself is wrong; `target` names the part of it. */
export function badRequest(message: string, target?: string): RestRefusal {
  return new RestRefusal(errorAnswer(400, "BadRequest", message, target), message);
}
