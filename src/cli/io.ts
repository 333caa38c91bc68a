/** What a command may touch of the process; a parameter, so that tests can run commands. */
export interface CliIo {
  out(text: string): void;
  err(text: string): void;
  /** Aborted when the user wants the command to end (Ctrl-C, SIGTERM). */
  readonly interrupted: AbortSignal;
  /** Environment variables. @default those of the process */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}
