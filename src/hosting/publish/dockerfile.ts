import { existsSync } from "node:fs";
import { join } from "node:path";
import { SignalRError } from "../../base/errors.js";
import type { App } from "../resources/app.js";

const NODE_IMAGE = "node:22-alpine";

/** Name of the Dockerfile that is written for an app. */
export function dockerfileName({ name }: App): string {
  return `${name}.Dockerfile`;
}

/**
 * Whether a Dockerfile is to be written: for Node programs that have none in their folder.
 *
 * @throws SignalRError ARGUMENT_INVALID for a Vite project without one, because nobody here knows what shall serve it
 */
export function needsDockerfile(app: App): boolean {
  const { type, folder } = app.start;
  if (type === "executable" || app.docker !== undefined || existsSync(join(folder, "Dockerfile"))) return false;
  if (type !== "vite") return true;
  throw new SignalRError(
    "ARGUMENT_INVALID",
    `${app.name} is a Vite project, and there is no Dockerfile in ${folder} that says what serves its pages. Add one, or name one with publishAsDockerFile().`,
  );
}

/** A Dockerfile for a Node program: builds it with all its packages, and runs it with those that it needs then. */
export function dockerfileText({ start }: App): string {
  const entry = [start.command, ...start.args];
  return `FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package*.json ./
RUN npm ci
COPY . .
RUN npm run build --if-present && npm prune --omit=dev

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=node:node /app ./
USER node
ENTRYPOINT ${JSON.stringify(entry)}
`;
}

/** What of the folder stays outside of the image. */
export const DOCKERIGNORE_TEXT = `**/node_modules
.git
.env
.env.*
`;
